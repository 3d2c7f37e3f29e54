import { createHash } from 'node:crypto';
import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import { isPlain, valueJson } from '../model/attribute-json.ts';
import { NO_KEYS, NONE } from '../model/span.ts';
import { LIMITS, type Attributes, type AttributeValue, type OtlpEvent } from '../model/otlp.ts';
import { FIELDS, FIELD_COUNT, FIELD_INDEX, KEY_PREFIX, SECRET_NAME, type Field } from './names.ts';

/**
 * Attributes are read once: that pass picks the fields that correlation needs and writes the JSON
 * text that the store keeps. What a name means is looked up in one map per process (names repeat in
 * every span).
 */
interface NameInfo {
  /** `{"messaging.system":` and `,"messaging.system":`, ready to be written. */
  first: string;
  next: string;
  /** Which field the name fills and with which precedence, or -1. */
  field: number;
  rank: number;
  secret: boolean;
  /** Business key name, or ''. */
  key: string;
}

/**
 * What the operator configured: attributes that identify a flow, and attributes that only find one.
 */
export interface KeySettings {
  identityKeys: readonly string[];
  searchKeys: readonly string[];
}

export interface ReadAttributes {
  /** By FIELD_INDEX; undefined where absent. The reader's own: it holds until the next `read`. */
  values: (AttributeValue | undefined)[];
  /** Which of the field's names each value was read from. */
  ranks: Uint8Array;
  /**
   * In parts: to join them, and to copy them out of what was joined, took 4 % of the server's CPU.
   */
  json: readonly string[];
  keys: readonly (readonly [string, string])[];
  identities: readonly string[];
  /** Some values were too much to keep. */
  cut: boolean;
  /** So many names were longer than names may be. */
  namesCut: number;
}

/**
 * Characters of one record's attributes, and of its events', that are kept: a flow's spans are read
 * at once. What anything is read from is kept whatever it takes, or a record would mean something
 * else when it comes back.
 */
const MAX_KEPT = 262_144;
/** Of these fields any length is kept: they are told, not looked up by. */
const TEXTS: ReadonlySet<number> = new Set([FIELD_INDEX.errorMessage, FIELD_INDEX.itinerary]);
const NOT_KEPT = '[not kept: too much in one record]';
export const TEXT_CUT = `of attributes and events only ${MAX_KEPT} characters each are kept`;
/** What is known of names is kept for: twenty thousand of usual length. */
const MAX_NAME_CHARACTERS = 4_000_000;

export interface AttributeReader {
  read(attributes: Attributes): ReadAttributes;
  json(attributes: Attributes): string;
  /** As JSON, those that can be kept. */
  events(events: readonly OtlpEvent[]): { json: string; cut: boolean };
}

export function createAttributeReader(settings: KeySettings): AttributeReader {
  const names = createBoundedTextMap<NameInfo>(MAX_NAME_CHARACTERS);
  const fieldOf = new Map<string, { field: number; rank: number }>();
  for (const [field, list] of Object.entries(FIELDS))
    list.forEach((name, rank) => fieldOf.set(name, { field: FIELD_INDEX[field as Field], rank }));
  const identityKeys = new Set(settings.identityKeys);
  const searchKeys = new Set(settings.searchKeys);

  const infoOf = (name: string): NameInfo => {
    let info = names.get(name);
    if (info === undefined) {
      const known = fieldOf.get(name);
      const key = name.startsWith(KEY_PREFIX)
        ? name.slice(KEY_PREFIX.length)
        : searchKeys.has(name) || identityKeys.has(name)
          ? name
          : '';
      info = {
        first: `{${JSON.stringify(name)}:`,
        next: `,${JSON.stringify(name)}:`,
        field: known?.field ?? -1,
        rank: known?.rank ?? 0,
        secret: SECRET_NAME.test(name),
        key: nameIn(key),
      };
      names.set(name, info, name.length + info.first.length + info.next.length);
    }
    return info;
  };

  const pushJson = (parts: string[], info: NameInfo, value: AttributeValue): void => {
    parts.push(parts.length === 0 ? info.first : info.next);
    if (info.secret) parts.push('"[redacted]"');
    else if (typeof value === 'string' && isPlain(value)) parts.push('"', value, '"');
    else parts.push(valueJson(value));
  };
  const json = (attributes: Attributes): string => {
    const parts: string[] = [];
    for (let i = 0; i < attributes.length; i += 2)
      pushJson(parts, infoOf(attributes[i] as string), attributes[i + 1]!);
    return parts.length === 0 ? '' : `${parts.join('')}}`;
  };

  const values = new Array<AttributeValue | undefined>(FIELD_COUNT).fill(undefined);
  const ranks = new Uint8Array(FIELD_COUNT);
  return {
    json,
    events(events) {
      const parts: string[] = [];
      let kept = 0;
      for (const event of events) {
        if (kept >= MAX_KEPT) return { json: `[${parts.join(',')}]`, cut: true };
        const text = `{"timeUnixNano":"${event.time}","name":${JSON.stringify(event.name)},"attributes":${json(event.attributes) || '{}'}}`;
        parts.push(text);
        kept += text.length;
      }
      return { json: parts.length === 0 ? '' : `[${parts.join(',')}]`, cut: false };
    },
    read(attributes) {
      values.fill(undefined);
      let keys: [string, string][] | null = null;
      let identities: string[] | null = null;
      const parts: string[] = [];
      let kept = 0;
      let cut = false;
      let namesCut = 0;
      for (let i = 0; i < attributes.length; i += 2) {
        const name = attributes[i] as string;
        const value = attributes[i + 1]!;
        const info = infoOf(name);
        const { field } = info;
        if (kept < MAX_KEPT || field >= 0 || info.key !== '') {
          let at = parts.length;
          pushJson(parts, info, value);
          for (; at < parts.length; at++) kept += parts[at]!.length;
        } else {
          cut = true;
          pushJson(parts, info, NOT_KEPT);
        }
        if ((field >= 0 || info.key !== '') && isLongName(value) && !TEXTS.has(field)) namesCut++;
        if (
          field >= 0 &&
          value !== null &&
          (values[field] === undefined || info.rank < ranks[field]!)
        ) {
          values[field] = value;
          ranks[field] = info.rank;
        }
        if (info.key !== '') {
          const key = nameOf(value);
          if (key !== '') {
            (keys ??= []).push([info.key, key]);
            if (identityKeys.has(name)) (identities ??= []).push(`${name}\0${key}`);
          }
        }
      }
      if (parts.length > 0) parts.push('}');
      // Kept for as long as the span, so without the room for sixteen more that a list takes when
      // it grows by itself.
      return {
        values,
        ranks,
        json: parts,
        keys: keys === null ? NO_KEYS : keys.slice(),
        identities: identities === null ? NONE : identities.slice(),
        cut,
        namesCut,
      };
    },
  };
}

/** Text of a scalar; nothing for lists and maps. */
export function textOf(value: AttributeValue | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return '';
}

const HASH_DIGITS = 16;

/**
 * Names are shown, indexed and remembered, so they have a size. What is longer is cut, and told
 * apart by a hash of all of it: two orders that differ in the last character alone are two. NUL
 * stands between the parts of what is made of names.
 */
export function nameIn(text: string): string {
  const clean = text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
  if (clean.length <= LIMITS.name) return clean;
  const hash = createHash('sha1').update(clean).digest('hex').slice(0, HASH_DIGITS);
  return `${shortened(clean, LIMITS.name - HASH_DIGITS - 1)}~${hash}`;
}
export const isLongName = (value: AttributeValue | undefined): boolean =>
  typeof value === 'string' && value.length > LIMITS.name;

/**
 * A copy: a piece of a text keeps all of the text in memory. Halves of characters become U+FFFD.
 */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : Buffer.from(text.slice(0, most)).toString();
export const nameOf = (value: AttributeValue | undefined): string => nameIn(textOf(value));

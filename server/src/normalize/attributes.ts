import { createHash } from 'node:crypto';
import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import { isPlain, valueJson } from '../model/attribute-json.ts';
import { NO_KEYS, NONE } from '../model/span.ts';
import { LIMITS, type Attributes, type AttributeValue, type OtlpEvent } from '../model/otlp.ts';
import { FIELDS, FIELD_COUNT, FIELD_INDEX, KEY_PREFIX, SECRET_NAME, type Field } from './names.ts';

/**
 * Describes one attribute name, looked up in one map per process because names repeat in every
 * span. Attributes are read once: that pass picks the fields that correlation needs and writes the
 * JSON text that the store keeps.
 */
interface NameInfo {
  /** `{"messaging.system":`; `next` is `,"messaging.system":`. Both are ready to be written. */
  first: string;
  next: string;
  /** Tells which field the name fills, by FIELD_INDEX, or -1; `rank` is its precedence there. */
  field: number;
  rank: number;
  secret: boolean;
  /** Holds the business key's name, or ''. */
  key: string;
}

/**
 * The operator configures these: attributes whose values join spans into a flow, and attributes
 * that only find flows.
 */
export interface KeySettings {
  identityKeys: readonly string[];
  searchKeys: readonly string[];
}

export interface ReadAttributes {
  /**
   * Holds values by FIELD_INDEX; undefined where absent. The reader owns the array: it is valid
   * until the next `read`.
   */
  values: (AttributeValue | undefined)[];
  /** Holds the rank of the name that each value was read from. */
  ranks: Uint8Array;
  /**
   * Holds the JSON text in pieces: joining them, and copying them out of the joined text, took 4 %
   * of the server's CPU.
   */
  json: readonly string[];
  keys: readonly (readonly [string, string])[];
  identities: readonly string[];
  /** Tells whether some values were left out for their size. */
  cut: boolean;
  /** Counts names that were longer than `LIMITS.name`. */
  namesCut: number;
}

/**
 * Bounds the characters kept of one record's attributes, and of its events, because a flow's spans
 * are read at once. A value that fills a field or a key is kept at any size, or the record would
 * mean something else when it is replayed.
 */
const MAX_KEPT = 262_144;
/** These fields keep any length: they are shown and never looked up by. */
const TEXTS: ReadonlySet<number> = new Set([FIELD_INDEX.errorMessage, FIELD_INDEX.itinerary]);
const NOT_KEPT = '[not kept: too much in one record]';
export const TEXT_CUT = `of attributes and events only ${MAX_KEPT} characters each are kept`;
/** Bounds the cache of names: it holds twenty thousand names of usual length. */
const MAX_NAME_CHARACTERS = 4_000_000;

export interface AttributeReader {
  read(attributes: Attributes): ReadAttributes;
  json(attributes: Attributes): string;
  /** Writes events as JSON, as many as the limit allows. */
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
      // Copy the lists: they live as long as the span, and a list that grew by itself has room for
      // sixteen more.
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

/** Returns the text of a scalar, and '' for lists and maps. */
export function textOf(value: AttributeValue | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return '';
}

const HASH_DIGITS = 16;

/**
 * Bounds the size of a name, because names are shown, indexed and kept in memory. A longer one is
 * cut and ends in a hash of the whole, so that two orders which differ only in the last character
 * stay two. NUL is replaced, because it separates the parts of keys made of names.
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
 * Returns a copy, since a slice would retain the whole text in memory. Half a surrogate pair
 * becomes U+FFFD.
 */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : Buffer.from(text.slice(0, most)).toString();
export const nameOf = (value: AttributeValue | undefined): string => nameIn(textOf(value));

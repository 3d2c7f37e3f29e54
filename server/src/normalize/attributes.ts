import { createHash } from 'node:crypto';
import { createBoundedTextMap } from '../base/bounded-text-map.ts';
import {
  isAllDouble,
  isPlain,
  plainDoubles,
  valueJson,
  withPlainDoubles,
} from '../model/attribute-json.ts';
import { NO_KEYS, NONE } from '../model/span.ts';
import {
  LIMITS,
  WholeDouble,
  type Attributes,
  type AttributeValue,
  type OtlpEvent,
} from '../model/otlp.ts';
import {
  FIELDS,
  FIELD_COUNT,
  FIELD_INDEX,
  KEY_NAMES,
  KEY_PREFIX,
  SECRET_NAME,
  SYSTEMS,
  type Field,
} from './names.ts';

/**
 * Holds what is known about one attribute name. It is computed once per name and process, because
 * names repeat in every span. With it, one pass over a record's attributes both picks the fields
 * that correlation needs and writes the JSON text that the store keeps.
 */
interface NameInfo {
  /**
   * Holds the name as JSON, ready to be written: `first` for the first attribute, as in
   * `{"messaging.system":`, and `next` for any other, as in `,"messaging.system":`.
   */
  first: string;
  next: string;
  /**
   * Index of the field that the attribute fills (FIELD_INDEX), or -1 if it fills none. Of several
   * attributes that fill the same field, the one with the lowest `rank` is used.
   */
  field: number;
  rank: number;
  secret: boolean;
  /** Holds the name of the business key that the attribute gives, or '' if it gives none. */
  key: string;
  /** Holds the index of the messaging system in `SYSTEMS` that the name tells, or -1. */
  system: number;
}

/**
 * Names of attributes that the operator configures: values of `identityKeys` join spans into a
 * flow, and values of `searchKeys` only help to find flows.
 */
export interface KeySettings {
  identityKeys: readonly string[];
  searchKeys: readonly string[];
}

export interface ReadAttributes {
  /**
   * Holds the values of the fields by FIELD_INDEX; undefined for a field without a value. The
   * reader reuses the array, so it is valid only until the next `read`.
   */
  values: (AttributeValue | undefined)[];
  /** Holds for each field the rank of the attribute name from which its value was read. */
  ranks: Uint8Array;
  /** Names the messaging system that the names of the attributes tell; '' if they tell none. */
  system: string;
  /**
   * Holds the JSON text of the attributes in pieces, because joining the pieces and copying the
   * joined text took 4 % of the server's CPU.
   */
  json: readonly string[];
  /** Names those attributes that are doubles although they look like integers in the text. */
  doubles: readonly string[];
  keys: readonly (readonly [string, string])[];
  identities: readonly string[];
  /** Is true if some values were left out because the attributes were too large. */
  cut: boolean;
  /** Counts those values that are names and were longer than `LIMITS.name`. */
  namesCut: number;
}

/**
 * Bounds the characters that are stored of a record's attributes, and of its events, because all
 * spans of a flow are read at once. A value that fills a field or a key is stored at any size,
 * because without it the record would mean something else when it is replayed.
 */
const MAX_KEPT = 262_144;
/**
 * Indexes of fields whose values are kept at any length, because they are only shown and nothing is
 * looked up by them.
 */
const TEXTS: ReadonlySet<number> = new Set([FIELD_INDEX.errorMessage, FIELD_INDEX.itinerary]);
const NOT_KEPT = '[not kept: too much in one record]';
export const TEXT_CUT = `of attributes and events only ${MAX_KEPT} characters each are kept`;
/**
 * Bounds the characters in the cache of attribute names, which is enough for twenty thousand names
 * of usual length.
 */
const MAX_NAME_CHARACTERS = 4_000_000;

export interface AttributeReader {
  read(attributes: Attributes): ReadAttributes;
  json(attributes: Attributes): string;
  /** Returns attributes as `read` writes them, and the names of those that are doubles. */
  plainJson(attributes: Attributes): { json: string; doubles: readonly string[] };
  /** Returns events as JSON, as many as `MAX_KEPT` allows; `cut` is true if some were left out. */
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
          : (KEY_NAMES.get(name) ?? '');
      info = {
        first: `{${JSON.stringify(name)}:`,
        next: `,${JSON.stringify(name)}:`,
        field: known?.field ?? -1,
        rank: known?.rank ?? 0,
        secret: SECRET_NAME.test(name),
        key: nameIn(key),
        system: SYSTEMS.findIndex(([prefix]) => name.startsWith(prefix)),
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
    plainJson(attributes) {
      const { plain, doubles } = withPlainDoubles(attributes);
      return { json: json(plain), doubles };
    },
    events: (events) => eventsJson(events, json),
    read(attributes) {
      values.fill(undefined);
      let keys: [string, string][] | null = null;
      let identities: string[] | null = null;
      let doubles: string[] | null = null;
      const parts: string[] = [];
      let kept = 0;
      let cut = false;
      let namesCut = 0;
      let system = SYSTEMS.length;
      for (let i = 0; i < attributes.length; i += 2) {
        const name = attributes[i] as string;
        let value: AttributeValue = attributes[i + 1]!;
        if (typeof value === 'object' && isAllDouble(value)) {
          (doubles ??= []).push(name);
          value = plainDoubles(value);
        }
        const info = infoOf(name);
        const { field } = info;
        if (info.system >= 0 && info.system < system) ({ system } = info);
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
      // Copy the lists, because they live as long as the span, and a list that grew by `push` has
      // room for up to sixteen unused elements.
      return {
        values,
        ranks,
        system: SYSTEMS[system]?.[1] ?? '',
        json: parts,
        doubles: doubles ?? NONE,
        keys: keys === null ? NO_KEYS : keys.slice(),
        identities: identities === null ? NONE : identities.slice(),
        cut,
        namesCut,
      };
    },
  };
}

/** Returns events as JSON, as many as are kept of one record. */
function eventsJson(
  events: readonly OtlpEvent[],
  json: (attributes: Attributes) => string,
): { json: string; cut: boolean } {
  const parts: string[] = [];
  let kept = 0;
  for (const event of events) {
    if (kept >= MAX_KEPT) return { json: `[${parts.join(',')}]`, cut: true };
    const attributes = json(event.attributes) || '{}';
    const dropped = event.dropped === undefined ? '' : `,"dropped":${event.dropped}`;
    const text = `{"timeUnixNano":"${event.time}","name":${JSON.stringify(event.name)},"attributes":${attributes}${dropped}}`;
    parts.push(text);
    kept += text.length;
  }
  return { json: parts.length === 0 ? '' : `[${parts.join(',')}]`, cut: false };
}

/** Returns a scalar value as text, and '' for lists, maps, bytes and absent values. */
export function textOf(value: AttributeValue | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return value instanceof WholeDouble ? String(value.value) : '';
}

const HASH_DIGITS = 16;

/**
 * Returns a text as a name. Names are shown, indexed and kept in memory, so their length is
 * limited. A longer name is cut and gets a hash of the whole name at its end, so that two orders
 * whose ids differ only in the last character stay different. NUL is replaced, because it separates
 * the parts of keys that are made of names.
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
 * Returns the first `most` characters. The result is a copy, because a slice would keep the whole
 * text in memory. A surrogate pair that the cut splits becomes U+FFFD.
 */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : Buffer.from(text.slice(0, most)).toString();
export const nameOf = (value: AttributeValue | undefined): string => nameIn(textOf(value));

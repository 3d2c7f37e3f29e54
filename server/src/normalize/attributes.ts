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
 * Precomputed facts about an attribute name. They are cached, because the same names occur in every
 * span. With them, one pass over a record's attributes both collects the fields that correlation
 * needs and writes the JSON text for the store.
 */
interface NameInfo {
  /**
   * The name as the beginning of a JSON member. `first` is for the first attribute
   * (`{"messaging.system":`), and `next` for the others (`,"messaging.system":`).
   */
  first: string;
  next: string;
  /** As `first` and `next`, followed by the quote before a text. */
  firstText: string;
  nextText: string;
  /**
   * Index in FIELD_INDEX of the field that the attribute fills; -1 if it fills none. If several
   * attributes fill the same field, the attribute with the lowest `rank` is used.
   */
  field: number;
  rank: number;
  secret: boolean;
  /** Name of the business key that the attribute contains; '' if it contains none. */
  key: string;
  /** Whether equal values of the attribute join spans into a flow. */
  isIdentity: boolean;
  /**
   * Index in `SYSTEMS` of the messaging system that the attribute's name reveals; -1 if it reveals
   * none.
   */
  system: number;
}

/**
 * Attribute names that the operator configures. Equal values of `identityKeys` join spans into a
 * flow. Values of `searchKeys` only serve to find flows.
 */
export interface KeySettings {
  identityKeys: readonly string[];
  searchKeys: readonly string[];
}

export interface ReadAttributes {
  /**
   * Values of the fields, by FIELD_INDEX; undefined for a field without a value. The array is
   * reused, so it is valid only until the next call of `read`.
   */
  values: (AttributeValue | undefined)[];
  /** For each field, the rank of the attribute name that supplied its value. */
  ranks: Uint8Array;
  /** Messaging system that attribute names reveal; '' if they reveal none. */
  system: string;
  /**
   * JSON text of the attributes in pieces. Joining the pieces and copying the joined text took 4 %
   * of the server's CPU.
   */
  json: readonly string[];
  /** Names of the attributes that are doubles but look like integers in the JSON text. */
  doubles: readonly string[];
  keys: readonly (readonly [string, string])[];
  identities: readonly string[];
  /** True if some values were replaced by a placeholder, because the attributes were too large. */
  cut: boolean;
  /** Number of values that are used as names and were longer than `LIMITS.name`. */
  namesCut: number;
}

/**
 * Maximum length of a record's stored attributes, and of its stored events, characters. They are
 * limited, because all spans of a flow are read at once. A value that fills a field or a key is
 * stored at any length, because without it a replay of the record would have another result.
 */
const MAX_KEPT = 262_144;
/**
 * Fields whose values may have any length, because they are only displayed and never used as names.
 */
const TEXTS: ReadonlySet<number> = new Set([FIELD_INDEX.errorMessage, FIELD_INDEX.itinerary]);
const REDACTED = '"[redacted]"';
const NOT_KEPT = '[not kept: too much in one record]';
/** Maximum number of parts for which space is kept. Few records have more. */
const MAX_PARTS = 1000;
export const TEXT_CUT = `of attributes and events only ${MAX_KEPT} characters each are kept`;
/**
 * Maximum size of the cache of attribute names, characters. It suffices for 20,000 names of usual
 * length.
 */
const MAX_NAME_CHARACTERS = 4_000_000;

export interface AttributeReader {
  read(attributes: Attributes): ReadAttributes;
  json(attributes: Attributes): string;
  /**
   * Returns attributes as JSON, with doubles as plain numbers, and the names of attributes that are
   * doubles.
   */
  plainJson(attributes: Attributes): { json: string; doubles: readonly string[] };
  /**
   * Returns events as JSON, up to a length of about `MAX_KEPT`. `cut` is true if some events were
   * omitted.
   */
  events(events: readonly OtlpEvent[]): { json: string; cut: boolean };
}

export function createAttributeReader(settings: KeySettings): AttributeReader {
  const infoOf = createNameInfos(settings);
  /** Writes an attribute into `parts` from index `at` on. Returns the index after it. */
  const putJson = (parts: string[], at: number, info: NameInfo, value: AttributeValue): number => {
    if (!info.secret && typeof value === 'string' && isPlain(value)) {
      parts[at] = at === 0 ? info.firstText : info.nextText;
      parts[at + 1] = value;
      parts[at + 2] = '"';
      return at + 3;
    }
    parts[at] = at === 0 ? info.first : info.next;
    parts[at + 1] = info.secret ? REDACTED : valueJson(value);
    return at + 2;
  };
  const json = (attributes: Attributes): string => {
    const parts: string[] = [];
    let used = 0;
    for (let i = 0; i < attributes.length; i += 2)
      used = putJson(parts, used, infoOf(attributes[i] as string), attributes[i + 1]!);
    return parts.length === 0 ? '' : `${parts.join('')}}`;
  };

  /** Parts of the record that is being read, from the start on. Only a copy of them is kept. */
  const parts: string[] = [];
  const takeParts = (count: number): string[] => {
    const taken = parts.slice(0, count);
    if (count > MAX_PARTS) parts.length = 0;
    return taken;
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
      let used = 0;
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
          let at = used;
          used = putJson(parts, used, info, value);
          for (; at < used; at++) kept += parts[at]!.length;
        } else {
          cut = true;
          used = putJson(parts, used, info, NOT_KEPT);
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
            if (info.isIdentity) (identities ??= []).push(`${name}\0${key}`);
          }
        }
      }
      if (used > 0) parts[used++] = '}';
      // Copy the lists, which stay in memory as long as the span. An array that grew by `push` has
      // up to sixteen unused elements.
      return {
        values,
        ranks,
        system: SYSTEMS[system]?.[1] ?? '',
        json: takeParts(used),
        doubles: doubles ?? NONE,
        keys: keys === null ? NO_KEYS : keys.slice(),
        identities: identities === null ? NONE : identities.slice(),
        cut,
        namesCut,
      };
    },
  };
}

/** Returns a function that gives the facts about an attribute name. */
function createNameInfos(settings: KeySettings): (name: string) => NameInfo {
  const names = createBoundedTextMap<NameInfo>(MAX_NAME_CHARACTERS);
  const fieldOf = new Map<string, { field: number; rank: number }>();
  for (const [field, list] of Object.entries(FIELDS))
    list.forEach((name, rank) => fieldOf.set(name, { field: FIELD_INDEX[field as Field], rank }));
  const identityKeys = new Set(settings.identityKeys);
  const searchKeys = new Set(settings.searchKeys);

  return (name) => {
    let info = names.get(name);
    if (info === undefined) {
      const known = fieldOf.get(name);
      const key = name.startsWith(KEY_PREFIX)
        ? name.slice(KEY_PREFIX.length)
        : searchKeys.has(name) || identityKeys.has(name)
          ? name
          : (KEY_NAMES.get(name) ?? '');
      const member = `${JSON.stringify(name)}:`;
      info = {
        first: `{${member}`,
        next: `,${member}`,
        firstText: `{${member}"`,
        nextText: `,${member}"`,
        field: known?.field ?? -1,
        rank: known?.rank ?? 0,
        secret: SECRET_NAME.test(name),
        key: nameIn(key),
        isIdentity: identityKeys.has(name),
        system: SYSTEMS.findIndex(([prefix]) => name.startsWith(prefix)),
      };
      names.set(name, info, name.length + 4 * info.firstText.length);
    }
    return info;
  };
}

/** Returns events as JSON, up to a length of about `MAX_KEPT`. */
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

/** Returns a scalar value as text; '' for a list, a map, bytes or no value. */
export function textOf(value: AttributeValue | undefined): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean')
    return String(value);
  return value instanceof WholeDouble ? String(value.value) : '';
}

const HASH_DIGITS = 16;

/**
 * Converts a text to a name. Names are displayed, indexed and kept in memory, so their length is
 * limited. A longer name is cut, and a hash of the whole name is appended, so that ids that differ
 * only in their last characters stay different. NUL characters are replaced, because NUL separates
 * the parts of keys.
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
 * Returns the first `most` characters as a copy, because a slice would keep the whole text in
 * memory. If the cut splits a surrogate pair, its half becomes U+FFFD.
 */
export const shortened = (text: string, most: number): string =>
  text.length <= most ? text : Buffer.from(text.slice(0, most)).toString();
export const nameOf = (value: AttributeValue | undefined): string => nameIn(textOf(value));

import { createHash } from 'node:crypto';
import { LIMITS } from './otlp.ts';

/**
 * Length of the hash that is appended to a text that was cut. Without the hash, two ids with the
 * same beginning would become equal, and their flows would be joined.
 */
const HASH_DIGITS = 16;
const KEPT = LIMITS.text - HASH_DIGITS - 1;

const withHash = (kept: string, whole: string | Uint8Array): string =>
  `${kept}~${createHash('sha1').update(whole).digest('hex').slice(0, HASH_DIGITS)}`;

export const cutText = (text: string): string => withHash(excerpt(text, KEPT), text);

/**
 * Returns a text that is no longer than names may be, for what is part of the id of many spans:
 * each of them is hashed together with it.
 */
export const boundName = (text: string): string =>
  text.length <= LIMITS.name ? text : withHash(excerpt(text, LIMITS.name - HASH_DIGITS - 1), text);

/** Returns the text, cut to the maximum length that the limits allow. */
export const boundText = (text: string): string =>
  text.length > LIMITS.text ? cutText(text) : text;

/**
 * Returns a copy of the beginning of a text. A plain `slice` would keep the whole original text in
 * memory.
 */
export const excerpt = (text: string, length = text.length): string =>
  Buffer.from(text.slice(0, length)).toString();

/** Cuts a UTF-8 text to a maximum number of bytes, and never in the middle of a character. */
export function cutBytes(text: Buffer): string {
  let end = KEPT;
  while (end > KEPT - MAX_CONTINUED && isContinued(text[end]!)) end--;
  return withHash(text.toString('utf8', 0, end), text);
}

/** Maximum number of continuation bytes in a UTF-8 character. */
const MAX_CONTINUED = 3;
const isContinued = (byte: number): boolean => (byte & 0b1100_0000) === 0b1000_0000;

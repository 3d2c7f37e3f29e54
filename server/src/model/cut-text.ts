import { createHash } from 'node:crypto';
import { LIMITS } from './otlp.ts';

/**
 * A text that was cut ends with a hash of the whole text. Otherwise two ids that differ only behind
 * the cut would be one, and their flows would be joined.
 */
const HASH_DIGITS = 16;
const KEPT = LIMITS.text - HASH_DIGITS - 1;

const withHash = (kept: string, whole: string | Uint8Array): string =>
  `${kept}~${createHash('sha1').update(whole).digest('hex').slice(0, HASH_DIGITS)}`;

export const cutText = (text: string): string => withHash(excerpt(text, KEPT), text);

/** Returns a text that is no longer than texts may be. */
export const boundText = (text: string): string =>
  text.length > LIMITS.text ? cutText(text) : text;

/**
 * Returns the beginning of a text as a text of its own. A part of a text keeps all of it in memory,
 * however long it is.
 */
export const excerpt = (text: string, length = text.length): string =>
  Buffer.from(text.slice(0, length)).toString();

/** Cuts a text in UTF-8 to its first bytes, and never within a character. */
export function cutBytes(text: Buffer): string {
  let end = KEPT;
  while (end > KEPT - MAX_CONTINUED && isContinued(text[end]!)) end--;
  return withHash(text.toString('utf8', 0, end), text);
}

/** A character has at most so many bytes after its first. */
const MAX_CONTINUED = 3;
const isContinued = (byte: number): boolean => (byte & 0b1100_0000) === 0b1000_0000;

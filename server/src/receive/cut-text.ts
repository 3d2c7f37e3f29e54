import { createHash } from 'node:crypto';
import { LIMITS } from '../model/otlp.ts';

/**
 * A text that was cut ends with a hash of the whole text. Otherwise two ids that differ only behind
 * the cut would be one, and their flows would be joined.
 */
const HASH_DIGITS = 16;
/** Number of characters, or bytes, that are kept of a text that is cut. */
export const KEPT = LIMITS.text - HASH_DIGITS - 1;

/** Returns the text that stands for `whole`, of which only the beginning is kept. */
export const withHash = (kept: string, whole: string | Uint8Array): string =>
  `${kept}~${createHash('sha1').update(whole).digest('hex').slice(0, HASH_DIGITS)}`;

import { FermataError } from '../../base/errors.ts';

/**
 * Limits of a file that is read, so that a hostile one takes no more memory than any other. A file
 * may be of any size; what it consists of may not.
 */
export const FILE_LIMITS = {
  /** Bounds the bytes of one line, record, trace or history: what is in memory at once. */
  item: 32 * 1024 * 1024,
  /** Bounds the values of one item of JSON, because each takes memory, however short it is. */
  values: 2_000_000,
  /** Bounds the nesting of JSON and of XML. */
  depth: 64,
  /** Bounds the characters of one text or attribute of XML, and of one cell of a table. */
  text: 1024 * 1024,
  /** Bounds the bytes that are held of a log of objects until it is known what they are. */
  held: 128 * 1024 * 1024,
} as const;

export const tooLarge = (what: string, hint = ''): FermataError =>
  new FermataError('import.too-large', what, hint === '' ? {} : { hint });

export const malformed = (what: string, hint = ''): FermataError =>
  new FermataError('import.malformed', what, hint === '' ? {} : { hint });

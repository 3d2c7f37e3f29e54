import { FermataError } from '../../base/errors.ts';

/**
 * Limits for files that are read, so that a hostile file takes no more memory than others. A file
 * may have any size; these limits apply to its parts.
 */
export const FILE_LIMITS = {
  /** Maximum number of bytes of one line, record, trace or history, which are in memory at once. */
  item: 32 * 1024 * 1024,
  /** Maximum number of values in one JSON item, because even a short value takes memory. */
  values: 2_000_000,
  /** Maximum depth of nesting in JSON and XML. */
  depth: 64,
  /** Maximum number of characters of one text or attribute in XML, and of one row of a table. */
  text: 1024 * 1024,
  /**
   * Maximum number of bytes of an OCEL log, or of a history, that are held in memory until they can
   * be converted.
   */
  held: 128 * 1024 * 1024,
} as const;

export const tooLarge = (what: string, hint = ''): FermataError =>
  new FermataError('import.too-large', what, hint === '' ? {} : { hint });

export const malformed = (what: string, hint = ''): FermataError =>
  new FermataError('import.malformed', what, hint === '' ? {} : { hint });

/** Returns a query for the flows that match both `q` and `part`. */
export const withPart = (q: string, part: string): string =>
  q.trim() === '' ? part : `(${q.trim()}) ${part}`;

/**
 * Returns a condition of the query language. Quotation marks cannot be escaped in it, so one in the
 * value is replaced by the wildcard `*`.
 */
export const fieldPart = (field: string, value: string): string =>
  `${field}:"${value.replaceAll('"', '*')}"`;

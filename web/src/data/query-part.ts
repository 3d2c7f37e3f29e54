/** Returns the query that finds the flows of `q` that also match `part`. */
export const withPart = (q: string, part: string): string =>
  q.trim() === '' ? part : `(${q.trim()}) ${part}`;

/**
 * Writes a condition of the query language. Quoted text ends with the next quotation mark, so one
 * inside the value is written as `*`, which matches it, too.
 */
export const fieldPart = (field: string, value: string): string =>
  `${field}:"${value.replaceAll('"', '*')}"`;

/** Says why no flow is longer than usual, if all searches of `searchesBefore` find nothing. */
export const NOTHING_USUAL =
  'No flow is older than this time, so that what is usual is not known. Ask for less time.';

const COMPARES = /\bduration\s*[<>=]+\s*p(50|95)\b/i;
/** Matches a start of the time within a query, which is not negated. */
const SINCE = /(?<!\bnot\s+)(?<=^|[\s(])since:([^\s()]+)/i;

/**
 * Returns searches for flows before the time that a filter asks for, with its `from` or in its
 * query. What is usual is measured over these flows. Returns none if the filter does not compare
 * durations with what is usual, or asks for no time.
 */
export function searchesBefore(q: string, from: string | undefined): Record<string, string>[] {
  if (!COMPARES.test(q)) return [];
  const since = SINCE.exec(q)?.[1];
  return [
    ...(from === undefined ? [] : [{ to: from }]),
    ...(since === undefined ? [] : [{ q: `before:${since}` }]),
  ];
}

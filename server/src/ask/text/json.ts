/**
 * Writes data as JSON in which no character can command a terminal or turn the direction of
 * writing: names come from senders, and JSON itself escapes only some of these.
 */
export const safeJson = (data: unknown, indent = 0): string =>
  JSON.stringify(data, null, indent).replace(
    /[\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * Writes data as JSON of at most `most` characters, where that is possible by leaving out the ends
 * of its longest lists. `left` counts the items that were left out.
 */
export function withinLimit(data: object, most: number): { json: string; left: number } {
  let json = safeJson(data);
  let left = 0;
  // Half of the longest list goes each time, so it takes few rounds.
  while (json.length > most) {
    const copy = JSON.parse(json) as object;
    const longest = listsIn(copy).sort((a, b) => sizeOf(b) - sizeOf(a))[0];
    if (longest === undefined || longest.length === 0) break;
    left += longest.splice(Math.floor(longest.length / 2)).length;
    json = safeJson(copy);
  }
  return { json, left };
}

const sizeOf = (list: unknown[]): number => JSON.stringify(list).length;

function listsIn(value: unknown): unknown[][] {
  if (value === null || typeof value !== 'object') return [];
  const inner = Object.values(value).flatMap(listsIn);
  // A list within a list is left out with the outer one.
  return Array.isArray(value) ? [value] : inner;
}

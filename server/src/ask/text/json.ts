/**
 * Returns data as JSON without characters that could control a terminal or change the direction of
 * writing. Names come from senders, and JSON itself escapes only some of these characters.
 */
export const safeJson = (data: unknown, indent = 0): string =>
  JSON.stringify(data, null, indent).replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

/**
 * Returns data as JSON of at most `most` characters, as far as that is possible by cutting the ends
 * of its longest lists. `left` is the number of items that were cut.
 */
export function withinLimit(data: object, most: number): { json: string; left: number } {
  let json = safeJson(data);
  let left = 0;
  // Each round cuts the longest list to half, so that few rounds are needed.
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
  // The outer list is cut first, which cuts the lists inside as well.
  return Array.isArray(value) ? [value] : inner;
}

/**
 * Creates a function that joins two texts and returns the same text object for the same pair (for
 * example service and operation, or method and route). So the joined text is built, hashed and
 * stored once for all spans that carry the pair. The cache is cleared when it exceeds
 * `mostCharacters`, which only hostile senders reach.
 */
export function createJoinedTexts(
  separator: string,
  mostCharacters: number,
): (first: string, second: string) => string {
  const texts = new Map<string, Map<string, string>>();
  let kept = 0;
  return (first, second) => {
    let ofFirst = texts.get(first);
    let text = ofFirst?.get(second);
    if (text !== undefined) return text;
    text = `${first}${separator}${second}`;
    // Count twice: an entry keeps the second text of the pair in memory as well as the joined text.
    kept += 2 * text.length;
    if (kept > mostCharacters) {
      texts.clear();
      ofFirst = undefined;
      kept = 2 * text.length;
    }
    if (ofFirst === undefined) texts.set(first, (ofFirst = new Map<string, string>()));
    ofFirst.set(second, text);
    return text;
  };
}

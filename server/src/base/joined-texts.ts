/**
 * Interns one joined text for each pair that repeats (service and operation, method and route), so
 * that it is built, hashed and stored once for all spans that carry it. Beyond `mostCharacters`,
 * which only hostile senders reach, the cache is cleared.
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
    // Each entry keeps its second text beside the joined one.
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

/**
 * Creates a function that joins two texts, such as service and operation. For the same pair it
 * returns the same string object, so that the joined text is built, hashed and stored once for all
 * spans. The cache is cleared when it exceeds `mostCharacters`, which normal senders do not reach.
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
    // Count the length twice, because an entry keeps both the joined text and the second text in
    // memory.
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

/**
 * One text for each pair that repeats (service and operation, method and route): built and hashed
 * once, and kept once however many spans carry it. Beyond so many characters, which only hostile
 * senders reach, it begins anew.
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
    // Each pair keeps its second text beside what is made of both.
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

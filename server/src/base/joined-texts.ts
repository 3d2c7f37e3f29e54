/**
 * One text for each pair that repeats (service and operation, method and route): built and hashed once, and kept once
 * however many spans carry it. Beyond `most` pairs, which only hostile senders reach, it begins anew.
 */
export function createJoinedTexts(
  separator: string,
  most: number,
): (first: string, second: string) => string {
  const texts = new Map<string, Map<string, string>>();
  let count = 0;
  return (first, second) => {
    let ofFirst = texts.get(first);
    let text = ofFirst?.get(second);
    if (text !== undefined) return text;
    if (++count > most) {
      texts.clear();
      ofFirst = undefined;
      count = 1;
    }
    if (ofFirst === undefined) texts.set(first, (ofFirst = new Map<string, string>()));
    ofFirst.set(second, (text = `${first}${separator}${second}`));
    return text;
  };
}

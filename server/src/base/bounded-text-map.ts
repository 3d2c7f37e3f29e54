/**
 * A cache by texts that repeat, bounded by the characters that it keeps alive: a bound on how many
 * there are lets whoever invents long ones fill the memory (guarded by bounded-text-map.test.ts).
 * When it is full it begins anew, so that texts which nobody sends any more keep no room.
 */
export interface BoundedTextMap<V> {
  get(text: string): V | undefined;
  /** `characters`: of all texts that live because of this entry. */
  set(text: string, value: V, characters: number): void;
}

/** What an entry costs beside its texts, in characters. */
const ENTRY = 64;

export function createBoundedTextMap<V>(mostCharacters: number): BoundedTextMap<V> {
  const values = new Map<string, V>();
  let kept = 0;
  return {
    get: (text) => values.get(text),
    set(text, value, characters) {
      const more = characters + ENTRY;
      if (more > mostCharacters) return;
      if (kept + more > mostCharacters) {
        values.clear();
        kept = 0;
      }
      kept += more;
      values.set(text, value);
    },
  };
}

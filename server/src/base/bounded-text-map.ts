/**
 * Caches values by texts that repeat. Its size is bounded by the number of characters that it keeps
 * in memory, because a bound on the number of entries would let a sender of long texts fill the
 * memory (guarded by bounded-text-map.test.ts). When the cache is full, it is cleared, so that
 * texts which are no longer sent take no room.
 */
export interface BoundedTextMap<V> {
  get(text: string): V | undefined;
  /**
   * Adds an entry. `characters` counts the characters of all texts that stay in memory because of
   * the entry.
   */
  set(text: string, value: V, characters: number): void;
}

/** Characters that the bound counts for each entry in addition to the entry's texts. */
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

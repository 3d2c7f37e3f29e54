/**
 * Caches values by texts that repeat. Its size is limited by the number of characters in memory. A
 * limit on the number of entries would not suffice, because a sender of long texts could still
 * exhaust the memory (guarded by bounded-text-map.test.ts). When the cache is full, it is cleared,
 * which also removes texts that are no longer sent.
 */
export interface BoundedTextMap<V> {
  get(text: string): V | undefined;
  /**
   * Adds an entry. `characters` is the total length of all texts that the entry keeps in memory.
   */
  set(text: string, value: V, characters: number): void;
}

/** Number of characters that are added for each entry, for its overhead in memory. */
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

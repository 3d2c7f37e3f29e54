/**
 * Names that identify nothing: more was sent under them than one message explains, or flows that
 * are not one contradict each other under them. A name that is found worthless stays so when its
 * flows leave memory, and over a restart (it is marked in their rows): else the answer would depend
 * on what happens to be in memory.
 */
export interface Worthless {
  has(name: string): boolean;
  /**
   * It identifies nothing, or was used again although it does not. `atMs`: when that was received.
   */
  add(name: string, atMs: number): void;
  /** What it named came. */
  delete(name: string): void;
  readonly size: number;
}

/** As long as a name counts; unused for so long it is judged anew. */
const KEPT_MS = 7 * 24 * 3_600_000;
/**
 * Those that were not used for the longest are forgotten first: they are found out again when they
 * come back.
 */
const MAX_KEPT = 100_000;

export function createWorthless(most = MAX_KEPT): Worthless {
  /** When it was used last; the one that was not used for the longest first. */
  const usedAtMs = new Map<string, number>();
  return {
    has: (name) => usedAtMs.size > 0 && usedAtMs.has(name),
    add(name, atMs) {
      usedAtMs.delete(name);
      usedAtMs.set(name, atMs);
      for (const [eldest, at] of usedAtMs) {
        if (usedAtMs.size <= most && at >= atMs - KEPT_MS) break;
        usedAtMs.delete(eldest);
      }
    },
    delete: (name) => void (usedAtMs.size > 0 && usedAtMs.delete(name)),
    get size() {
      return usedAtMs.size;
    },
  };
}

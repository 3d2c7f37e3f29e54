/**
 * Keeps worthless names, which identify nothing. Examples are a message name with more sends than
 * one message can have, and a name that flows with contradicting ids share. A name stays worthless
 * when its flows are evicted, and after a restart, because the rows of these flows mark it.
 * Otherwise the flow of a span would depend on what happens to be in memory.
 */
export interface Worthless {
  has(name: string): boolean;
  /**
   * Records that a name identifies nothing, or that a worthless name was used again. `atMs` is the
   * time, ms, at which the span that used the name was received.
   */
  add(name: string, atMs: number): void;
  /** Removes a name that stood for an absent span, because that span was received. */
  delete(name: string): void;
  readonly size: number;
}

/**
 * Time without use, ms, after which a worthless name is forgotten. If the name is used again later,
 * it is judged anew.
 */
const KEPT_MS = 7 * 24 * 3_600_000;
/**
 * Maximum number of worthless names kept; the least recently used ones beyond it are forgotten. A
 * forgotten name is found worthless again if it is used again.
 */
const MAX_KEPT = 100_000;

export function createWorthless(most = MAX_KEPT): Worthless {
  /** Time of the last use of each name, ms; least recently used names first. */
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

/**
 * A worthless name identifies nothing: it has more sends than one message explains, or flows with
 * contradicting ids share it. It stays worthless when its flows are evicted, and over a restart (it
 * is marked in their rows): otherwise the answer would depend on what happens to be in memory.
 */
export interface Worthless {
  has(name: string): boolean;
  /**
   * Records that a name identifies nothing, or that such a name was used again. `atMs` is when that
   * span was received, ms.
   */
  add(name: string, atMs: number): void;
  /** Removes the name because the span that it referred to was received. */
  delete(name: string): void;
  readonly size: number;
}

/** A worthless name is forgotten after this long without use, ms, and judged anew. */
const KEPT_MS = 7 * 24 * 3_600_000;
/**
 * Beyond this the least recently used names are forgotten; they are found worthless again if they
 * return.
 */
const MAX_KEPT = 100_000;

export function createWorthless(most = MAX_KEPT): Worthless {
  /** Last use of each name, ms; least recently used first. */
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

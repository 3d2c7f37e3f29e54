import { deleteOldest } from '../../base/oldest.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { Span } from '../../model/span.ts';
import { clockOf } from './index.ts';

/**
 * Keeps the keys of flows that were projected lately. When a clock gets a new verdict, those flows
 * that have spans of this clock are projected again. Otherwise they would keep the verdict that
 * applied when they were projected.
 */
export interface ProjectedLately {
  projected(key: FlowKey): void;
  /**
   * Returns the keys of recently projected flows that have spans of these clocks, newest first,
   * each key once.
   */
  saidBy(clocks: ReadonlySet<string>, spansOf: (key: FlowKey) => Iterable<Span>): FlowKey[];
}

const MAX_KEPT = 2000;
/**
 * Maximum number of spans visited in one call. Flows that are not visited get the new verdict when
 * they change next.
 */
const MAX_SPANS = 50_000;

export function createProjectedLately(): ProjectedLately {
  const keys = new Set<FlowKey>();
  return {
    projected(key) {
      keys.delete(key);
      keys.add(key);
      if (keys.size > MAX_KEPT) deleteOldest(keys);
    },
    saidBy(clocks, spansOf) {
      const found: FlowKey[] = [];
      let left = MAX_SPANS;
      for (const key of [...keys].reverse())
        for (const { service } of spansOf(key)) {
          if (left-- === 0) return found;
          if (!clocks.has(clockOf(service))) continue;
          found.push(key);
          break;
        }
      return found;
    },
  };
}

import type { FlowKey } from '../../model/keys.ts';
import type { Span } from '../../model/span.ts';
import { clockOf } from './index.ts';

/**
 * Flows that were projected lately. When something new is told of a clock, those of them in which
 * it speaks are projected again; without this a flow would keep for ever what was known when it was
 * projected.
 */
export interface ProjectedLately {
  projected(key: FlowKey): void;
  /** Newest first, each once. */
  saidBy(clocks: ReadonlySet<string>, spansOf: (key: FlowKey) => Iterable<Span>): FlowKey[];
}

const MAX_KEPT = 2000;
/** Looked at in one go. What lies beyond is projected with what is known then, once it changes. */
const MAX_SPANS = 50_000;

export function createProjectedLately(): ProjectedLately {
  const keys = new Set<FlowKey>();
  return {
    projected(key) {
      keys.delete(key);
      keys.add(key);
      if (keys.size > MAX_KEPT) keys.delete(keys.values().next().value!);
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

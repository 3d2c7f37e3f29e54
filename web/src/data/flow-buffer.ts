import type { FlowChanged, FlowSummary } from '@fermata/server/contract';

/**
 * This file merges a REST snapshot with pushed changes. The resulting list does not depend on the
 * order in which these arrive (invariant I8, tested by flow-buffer.property.test.ts).
 * `live-flows.svelte.ts` adds Svelte's state.
 */
export interface FlowBuffer {
  snapshot(flows: readonly FlowSummary[]): void;
  apply(changes: readonly FlowChanged[]): void;
  /** Returns the matching flows, sorted and cut at the limit. */
  list(): FlowSummary[];
  clear(): void;
}

interface Entry {
  version: number;
  /** The flow; null if the id is no longer used by any flow. */
  flow: FlowSummary | null;
}

/**
 * Returns an empty buffer. `matcherNow` returns the condition by which flows match at present. If
 * `isInOrder` is true, the list keeps the order in which flows were added; otherwise the newest
 * flow is first.
 */
export function createFlowBuffer(
  matcherNow: () => (flow: FlowSummary) => boolean,
  limit: number,
  isInOrder = false,
): FlowBuffer {
  const known = new Map<string, Entry>();
  /**
   * Stores a version of a flow. INVARIANT: an older version never replaces a newer one, whether it
   * came by a snapshot or by a push.
   */
  const take = (id: string, version: number, flow: FlowSummary | null): void => {
    const before = known.get(id);
    if (before !== undefined && before.version >= version) return;
    known.set(id, { version, flow });
  };
  return {
    snapshot(flows) {
      for (const flow of flows) take(flow.id, flow.version, flow);
    },
    apply(changes) {
      for (const change of changes) take(change.id, change.version, change.flow);
      // The buffer is bounded: above eight times the list's limit, the ids that were added first
      // are dropped.
      if (known.size > limit * 8)
        for (const [id] of [...known].slice(0, known.size - limit * 4)) known.delete(id);
    },
    list() {
      const matches = matcherNow();
      const flows: FlowSummary[] = [];
      for (const { flow } of known.values()) if (flow !== null && matches(flow)) flows.push(flow);
      if (!isInOrder) flows.sort(newestFirst);
      return flows.length > limit ? flows.slice(0, limit) : flows;
    },
    clear: () => known.clear(),
  };
}

/**
 * Compares the starts as text: of two whole numbers, the longer one is greater. This is fast enough
 * for a list of 100,000 flows to be sorted whenever one changes.
 */
function newestFirst(a: FlowSummary, b: FlowSummary): number {
  const [x, y] = [a.startedAtUnixNano, b.startedAtUnixNano];
  if (x.length !== y.length) return y.length - x.length;
  return x !== y ? (x < y ? 1 : -1) : a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

import type { FlowChanged, FlowSummary } from '@fermata/server/contract';

/**
 * Merges a REST snapshot with pushed changes. Whatever the order in which these come, the resulting
 * list is the same (invariant I8, guarded by flow-buffer.property.test.ts). This file is plain
 * TypeScript; `live-flows.svelte.ts` adds Svelte's state.
 */
export interface FlowBuffer {
  snapshot(flows: readonly FlowSummary[]): void;
  apply(changes: readonly FlowChanged[]): void;
  /** Returns the flows in order. */
  list(): FlowSummary[];
  clear(): void;
}

interface Entry {
  version: number;
  /** The flow; null if there is no flow of this id any more. */
  flow: FlowSummary | null;
}

/**
 * With `isInOrder` the list is in the order of the snapshots, of which none comes twice; otherwise
 * newest first.
 */
export function createFlowBuffer(
  matches: (flow: FlowSummary) => boolean,
  limit: number,
  isInOrder = false,
): FlowBuffer {
  const known = new Map<string, Entry>();
  /**
   * INVARIANT: an older version of a flow never replaces a newer version, whether it came by a
   * snapshot or by a push.
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
      // Once there are more than eight times as many ids as the list may show, the ids that were
      // added first are dropped.
      if (known.size > limit * 8)
        for (const [id] of [...known].slice(0, known.size - limit * 4)) known.delete(id);
    },
    list() {
      const flows: FlowSummary[] = [];
      for (const { flow } of known.values()) if (flow !== null && matches(flow)) flows.push(flow);
      if (!isInOrder) flows.sort(newestFirst);
      return flows.length > limit ? flows.slice(0, limit) : flows;
    },
    clear: () => known.clear(),
  };
}

function newestFirst(a: FlowSummary, b: FlowSummary): number {
  const x = a.startedAtUnixNano.padStart(20, '0');
  const y = b.startedAtUnixNano.padStart(20, '0');
  return x !== y ? (x < y ? 1 : -1) : a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}

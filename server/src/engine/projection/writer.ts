import { createBoundedSet } from '../../base/bounded-set.ts';
import type { Counters } from '../../base/counters.ts';
import type { Flow, FlowChange } from '../../model/flow.ts';
import type { FlowWriter } from '../../store/index.ts';
import type { StoreRetry } from './store-retry.ts';

/**
 * Writes rows, and with them up to which batch of spans they are complete: what a crash interrupts
 * is replayed from there.
 */
export interface Writer {
  /** The rows that are in the store include everything up to this batch. */
  start(derivedBatch: number): void;
  readonly derivedBatch: number;
  /** How many rows the last write had. */
  readonly lastRows: number;
  /**
   * `upTo`: with these changes everything up to this batch is projected; null: more of it follows.
   * Gives what was written, or undefined: nothing, because there was nothing to say, or we stop.
   */
  write(
    changes: readonly FlowChange[],
    upTo: number | null,
  ): Promise<readonly FlowChange[] | undefined>;
}

export interface WriterOptions {
  counters: Counters;
  store: FlowWriter;
  retry: StoreRetry;
  /** Decides whether an ended request flow (a trace without messages and flow id) is kept. */
  requestFlows: 'keep' | 'failed' | 'drop';
  /** When a flow settles by itself, ms; 0: its end is declared. */
  settlesAt: (flow: Flow) => number;
}

const MAX_ROWS_KNOWN = 100_000;

export function createWriter({
  counters,
  store,
  retry,
  requestFlows,
  settlesAt,
}: WriterOptions): Writer {
  let derivedBatch = 0;
  let lastRows = 0;
  /** Flows that have a row, where not all flows get one. */
  const hasRow = createBoundedSet(MAX_ROWS_KNOWN);

  const isKept = (flow: Flow): boolean =>
    flow.flowId !== '' ||
    flow.hops.some((hop) => !hop.sync) ||
    (requestFlows === 'failed' && flow.failedSteps > 0);
  /**
   * A flow that is not wanted any more, because its message went to another, leaves no row of
   * before.
   */
  const wanted = (change: FlowChange): readonly FlowChange[] => {
    if (requestFlows === 'keep' || change.kind !== 'flow') return [change];
    const { id, version, flow } = change;
    if (!isKept(flow))
      return hasRow.has(id) ? [{ kind: 'tombstone', id, version, movedTo: null }] : [];
    hasRow.add(id);
    return [change];
  };

  return {
    start(batch) {
      derivedBatch = batch;
    },
    get derivedBatch() {
      return derivedBatch;
    },
    get lastRows() {
      return lastRows;
    },
    async write(changes, upTo) {
      // Rows that belong together are not parted: what was projected since is replayed with what
      // was refused.
      if (retry.abandoned) return undefined;
      const batch = upTo ?? derivedBatch;
      if (changes.length === 0 && batch === derivedBatch) return undefined;
      const kept = changes.flatMap(wanted);
      counters.add('fermata_dropped_request_flows_total', changes.length - kept.length);
      const isDone = await retry.untilDone('flow rows could not be written', async () => {
        await store.insertFlows(kept, batch, settlesAt);
        return true;
      });
      if (isDone === undefined) return undefined;
      // Others may have written meanwhile.
      if (upTo !== null) derivedBatch = upTo;
      lastRows = kept.length;
      counters.add('fermata_flow_rows_total', kept.length);
      return kept;
    },
  };
}

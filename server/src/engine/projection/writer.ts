import { createBoundedSet } from '../../base/bounded-set.ts';
import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import type { Flow, FlowChange } from '../../model/flow.ts';
import type { RequestFlows } from '../../model/request-flows.ts';
import type { FlowWriter } from '../../store/index.ts';
import type { StoreRetry } from './store-retry.ts';

/**
 * Writes rows together with the watermark: the batch of spans up to which the rows are complete.
 * After a crash, the spans of later batches are replayed.
 */
export interface Writer {
  /** Sets the watermark at start: the stored rows are complete up to this batch. */
  start(derivedBatch: number): void;
  readonly derivedBatch: number;
  /** Number of rows in the last write. */
  readonly lastRows: number;
  /**
   * Writes changes. `upTo` is the batch up to which all changes are written after this call; null
   * if further changes of the same batch follow. Returns the changes that were written; undefined
   * if there was nothing to write, or if the server stops.
   */
  write(
    changes: readonly FlowChange[],
    upTo: number | null,
  ): Promise<readonly FlowChange[] | undefined>;
  /**
   * Writes a row for the watermark if no stored row has it yet. Called at the end of a shutdown.
   */
  writeWatermark(): Promise<void>;
}

export interface WriterOptions {
  clock: Clock;
  counters: Counters;
  store: FlowWriter;
  retry: StoreRetry;
  /**
   * Which request flows are stored. A request flow is a trace without messages and without a flow
   * id.
   */
  requestFlows: RequestFlows;
  /**
   * Returns the time when the flow counts as ended if it stays idle, epoch ms; 0 if idleness does
   * not end it.
   */
  settlesAt: (flow: Flow) => number;
}

const MAX_ROWS_KNOWN = 100_000;
/**
 * Minimum time between two rows that are written only for the watermark, ms. Without such rows, no
 * row would hold the watermark if all request flows are dropped, and every start would replay all
 * stored spans.
 */
const WATERMARK_MS = 30_000;
/** Id of the row that is written only for the watermark. The row is a tombstone of no flow. */
const NOBODY = '';

export function createWriter({
  clock,
  counters,
  store,
  retry,
  requestFlows,
  settlesAt,
}: WriterOptions): Writer {
  let derivedBatch = 0;
  /** Greatest watermark in any stored row. `storedMs` is the time of the last write, epoch ms. */
  let storedBatch = 0;
  let storedMs = -Infinity;
  let lastRows = 0;
  /**
   * Ids of flows that have a stored row. They are recorded only if request flows may be dropped.
   */
  const hasRow = createBoundedSet(MAX_ROWS_KNOWN);

  const isKept = (flow: Flow): boolean =>
    (requestFlows === 'served' && flow.unasked === undefined) ||
    flow.flowId !== '' ||
    // Imported flows are always kept, because the user wants to see the whole import.
    flow.badges.includes('imported') ||
    flow.hops.some((hop) => !hop.sync) ||
    (requestFlows === 'failed' && flow.failedSteps > 0);
  /**
   * Returns the rows to write for a change. A flow that is to be dropped gets no row. If it was
   * written earlier, and is to be dropped because its message moved to another flow, it gets a
   * tombstone.
   */
  const wanted = (change: FlowChange): readonly FlowChange[] => {
    if (requestFlows === 'keep' || change.kind !== 'flow') return [change];
    const { id, version, flow } = change;
    if (!isKept(flow))
      return hasRow.has(id) ? [{ kind: 'tombstone', id, version, movedTo: null }] : [];
    hasRow.add(id);
    return [change];
  };

  const watermark = (): FlowChange => ({
    kind: 'tombstone',
    id: NOBODY,
    version: clock.now() * 1000,
    movedTo: null,
  });
  /** Inserts rows. Resolves to false if the server stops before the insert succeeds. */
  const insert = async (rows: readonly FlowChange[], batch: number): Promise<boolean> => {
    const isDone = await retry.untilDone('flow rows could not be written', async () => {
      await store.insertFlows(rows, batch, settlesAt);
      return true;
    });
    if (isDone === undefined) return false;
    storedBatch = Math.max(storedBatch, batch);
    storedMs = clock.now();
    return true;
  };

  return {
    start(batch) {
      derivedBatch = storedBatch = batch;
    },
    get derivedBatch() {
      return derivedBatch;
    },
    get lastRows() {
      return lastRows;
    },
    async write(changes, upTo) {
      // After an abandoned write, write nothing more: rows that must be written together could
      // become separated. The later changes are projected again when the spans of the abandoned
      // write are replayed.
      if (retry.abandoned) return undefined;
      const batch = upTo ?? derivedBatch;
      if (changes.length === 0 && batch === derivedBatch) return undefined;
      const kept = changes.flatMap(wanted);
      counters.add('fermata_dropped_request_flows_total', changes.length - kept.length);
      const isDue = batch > storedBatch && clock.now() - storedMs >= WATERMARK_MS;
      const rows = kept.length > 0 || !isDue ? kept : [watermark()];
      if (rows.length > 0 && !(await insert(rows, batch))) return undefined;
      // A write without `upTo` must not change the watermark, because another write may have
      // advanced it meanwhile.
      if (upTo !== null) derivedBatch = upTo;
      lastRows = kept.length;
      counters.add('fermata_flow_rows_total', kept.length);
      return kept;
    },
    async writeWatermark() {
      if (derivedBatch > storedBatch && !retry.abandoned) await insert([watermark()], derivedBatch);
    },
  };
}

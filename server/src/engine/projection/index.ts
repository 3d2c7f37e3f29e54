import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { yieldToEventLoop } from '../../base/pause.ts';
import type { Flow, FlowChange } from '../../model/flow.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { FlowScanner, FlowWriter, NameIndex, StoredFlow } from '../../store/index.ts';
import { addTo, emptyBatch, type ProjectedBatch } from './batch.ts';
import { createBackpressure } from './backpressure.ts';
import { createFilterRotation } from './filter-rotation.ts';
import { overlap } from './overlap.ts';
import {
  createProjector,
  type Changes,
  type Projector,
  type ProjectorOptions,
} from './projector.ts';
import { createPublisher, type FlowSink } from './publisher.ts';
import { createScheduler } from './scheduler.ts';
import { createStoreRetry } from './store-retry.ts';
import { createStoredFlows } from './stored-flows.ts';
import { createWriter, type Writer, type WriterOptions } from './writer.ts';

export { createProjector, type Projector, type ProjectorOptions } from './projector.ts';
export type { FlowSink } from './publisher.ts';

/**
 * Projects changed flows, which means that it computes their timelines and rows. Writes the rows,
 * and then publishes the flows to dashboards and alerts. It works in cycles. Rows are marked as
 * including a batch of spans only after every flow that the batch changed has been written.
 */
export interface Projection {
  /**
   * Access to the watermark: the batch of spans up to which the stored rows are complete. The
   * caller sets the watermark at start.
   */
  readonly rows: Pick<Writer, 'start' | 'derivedBatch'>;
  /** Reports that some flows changed. Schedules a cycle. */
  changed(): void;
  /**
   * Immediately projects the flows with these ids and keys. `take` works like `takeChangesOf`.
   * Resolves when the rows of these flows have been written.
   */
  reproject(
    ids: readonly string[],
    keys: readonly FlowKey[],
    take: Projector['takeChangesOf'],
  ): Promise<void>;
  /** Resolves when at most `MAX_TO_PROJECT` changed flows are waiting for projection. */
  waitForCapacity(): Promise<void>;
  /**
   * Ends backpressure permanently. Called before shutdown, because otherwise senders would wait as
   * long as the store rejects writes.
   */
  releaseBackpressure(): void;
  /** Resolves when no projection cycle is running. */
  idle(): Promise<void>;
  /**
   * Projects and writes the remaining changes. If the store rejects the write, the spans of these
   * flows are replayed at the next start.
   */
  stop(): Promise<void>;
  readonly projector: Projector;
}

export interface ProjectionOptions
  extends
    Pick<ProjectorOptions, 'correlator' | 'clocks' | 'settleMs' | 'runQuietMs' | 'assess'>,
    Pick<WriterOptions, 'requestFlows'> {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: FlowWriter & NameIndex & Pick<FlowScanner, 'flowsByIds'>;
  sink: FlowSink;
  /** Returns the number of the batch up to which all committed spans are correlated. */
  correlatedBatch: () => number;
  /**
   * Rehydrates flows together with the flows that they depend on. Returns the keys of all flows
   * that this changed.
   */
  rehydrate: (flows: StoredFlow[]) => Promise<readonly FlowKey[]>;
  /** Called with the id of a flow that no longer exists. */
  forget(id: string): void;
}

/** Minimum time between the starts of two cycles, ms. */
const CYCLE_MS = 200;
/**
 * Minimum time between the starts of two cycles, ms, if no dashboard is open and the last write had
 * more than `BUSY_CYCLE_FLOWS` rows. Fewer inserts save CPU: each costs 20 ms, and another 20 ms in
 * merges, however few rows it has.
 */
const UNWATCHED_CYCLE_MS = 1000;
const BUSY_CYCLE_FLOWS = 100;
/**
 * Pause between two parts of a cycle, as a multiple of the time that the last part took, limited to
 * `MAX_PAUSE_MS`. With 1, half of the time is left for receiving spans. The limit is safe, because
 * spans are also received while a cycle runs.
 */
const PAUSE_FACTOR = 1;
const MAX_PAUSE_MS = 1000;
/**
 * Maximum number of flows that are projected before yielding to the event loop. Projecting a flow
 * blocks the loop for 0.1 to 0.4 ms, and an answer to a sender may have to wait for several such
 * runs.
 */
const MAX_PROJECTED = 80;
/** Maximum number of flows in one write. */
const MAX_WRITTEN = 2000;
/**
 * Maximum number of changed flows that wait for projection. Above it, answers to senders are
 * delayed (backpressure).
 */
const MAX_TO_PROJECT = 10_000;

/** Changes that were projected and are not written yet. */
interface Projected {
  changes: FlowChange[];
  /**
   * Batch up to which the stored rows are complete after these changes are written; null if other
   * flows that the batch changed are not projected yet.
   */
  upTo: number | null;
}

export function createProjection(options: ProjectionOptions): Projection {
  const { clock, counters, log, store, sink, correlatedBatch } = options;
  /** Batch up to which this cycle projects all changes; null if no cycle is running. */
  let cycleBatch: number | null = null;
  let lastProjected = 0;
  let stopping = false;

  const settlesAt = (flow: Flow): number =>
    flow.idleOutcome === null ? 0 : flow.lastReceivedMs + options.settleMs;
  const cycleIntervalMs = (): number =>
    writer.lastRows > BUSY_CYCLE_FLOWS && !sink.watched() ? UNWATCHED_CYCLE_MS : CYCLE_MS;
  const isBehind = (): boolean => projector.flowsToProject > MAX_TO_PROJECT;

  const scheduler = createScheduler({
    clock,
    run: () => runCycle().finally(() => backpressure.release()),
    nextDelayMs(tookMs, rerunRequested) {
      if (isBehind()) return 0;
      if (!rerunRequested) return null;
      const pause = Math.min(tookMs * PAUSE_FACTOR, MAX_PAUSE_MS);
      return cycleBatch !== null && lastProjected > 0 ? pause : Math.max(cycleIntervalMs(), pause);
    },
  });
  const runNow = (): void => scheduler.schedule(0);
  const projector = createProjector({
    ...options,
    onDirty: () => scheduler.schedule(cycleIntervalMs()),
    onSettled: (ids) => publisher.settled(ids),
    onAway(ids) {
      storedFlows.due(ids);
      runNow();
    },
  });
  // Waiting senders send no spans, so the next cycle starts without the pause for receiving spans.
  const backpressure = createBackpressure(() => isBehind() && !stopping, runNow);
  const retry = createStoreRetry(clock, counters, log);
  const { requestFlows } = options;
  const writer = createWriter({
    ...{ clock, counters, store, retry, requestFlows },
    settlesAt,
  });
  const publisher = createPublisher({ clock, store, retry, sink, settlesAt, onDue: runNow });
  const storedFlows = createStoredFlows({ store, projector, retry, rehydrate: options.rehydrate });
  const rotation = createFilterRotation(options.correlator, store, log);

  const runCycle = (): Promise<void> =>
    overlap(projectSome, commit, () => projector.flowsToProject > MAX_WRITTEN && !stopping);

  /**
   * Projects the next flows of the current cycle. Before that, loads the evicted flows that are due
   * for re-evaluation.
   */
  const projectSome = async (): Promise<Projected> => {
    cycleBatch ??= correlatedBatch();
    const upTo = cycleBatch;
    if (await publisher.announceSettled()) scheduler.requestRerun();
    if (await storedFlows.rehydrateDue()) scheduler.requestRerun();
    const batch = emptyBatch();
    const { cycleEnds } = await takeChanges(batch);
    await storedFlows.reconcile(batch);
    backpressure.release();
    lastProjected = batch.projected.size;
    if (cycleEnds) cycleBatch = null;
    else scheduler.requestRerun();
    const changes = [...batch.projected.values()];
    for (const { kind, id } of changes) if (kind === 'tombstone') options.forget(id);
    return { changes, upTo: cycleEnds ? upTo : null };
  };
  const takeChanges = async (batch: ProjectedBatch): Promise<Changes> => {
    for (;;) {
      const taken = projector.takeChanges(stopping ? Infinity : MAX_PROJECTED);
      addTo(batch, taken);
      if (taken.isAll || batch.projected.size >= MAX_WRITTEN) return taken;
      await yieldToEventLoop();
    }
  };

  /** Writes changes and then publishes them, so that only durable changes are announced. */
  const commit = async ({ changes, upTo }: Projected): Promise<void> => {
    const written = await writer.write(changes, upTo);
    if (written === undefined) return;
    for (let from = 0; from < changes.length; from += MAX_PROJECTED) {
      projector.written(changes.slice(from, from + MAX_PROJECTED));
      await yieldToEventLoop();
    }
    publisher.publish(written);
    if (!stopping) rotation.begin();
    if (correlatedBatch() !== (upTo ?? writer.derivedBatch)) scheduler.requestRerun();
  };

  return {
    projector,
    rows: writer,
    changed: () => scheduler.schedule(cycleIntervalMs()),
    async reproject(ids, keys, take) {
      const batch = emptyBatch();
      for (
        let from = 0;
        from < Math.max(ids.length, keys.length) && !stopping;
        from += MAX_PROJECTED
      ) {
        addTo(
          batch,
          take(ids.slice(from, from + MAX_PROJECTED), keys.slice(from, from + MAX_PROJECTED)),
        );
        await yieldToEventLoop();
      }
      await storedFlows.reconcile(batch);
      await commit({ changes: [...batch.projected.values()], upTo: null });
    },
    waitForCapacity: () => backpressure.waitForCapacity(),
    releaseBackpressure: () => backpressure.end(),
    idle: () => scheduler.idle(),
    async stop() {
      stopping = true;
      retry.stop();
      publisher.stop();
      const cycle = scheduler.stop();
      await rotation.idle();
      await cycle;
      try {
        await runCycle();
        await writer.writeWatermark();
      } catch (error) {
        log.error(
          { detail: messageOf(error).slice(0, 500) },
          'flow rows not projected; they follow at the next start',
        );
      }
    },
  };
}

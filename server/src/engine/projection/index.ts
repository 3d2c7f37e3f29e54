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
export type { Announcement, FlowSink } from './publisher.ts';

/**
 * Changed flows → their newest form → rows → whoever wants to know, in cycles. Rows say that they
 * include a batch of spans only once everything that it changed is written.
 */
export interface Projection {
  /** Up to which batch of spans the rows are complete; to be said at a start. */
  readonly rows: Pick<Writer, 'start' | 'derivedBatch'>;
  /** There is something to project. */
  changed(): void;
  /**
   * Projects the flows with these ids and keys at once; resolves when their rows are written.
   * `take`: `takeChangesOf`.
   */
  reproject(
    ids: readonly string[],
    keys: readonly FlowKey[],
    take: Projector['takeChangesOf'],
  ): Promise<void>;
  /** Resolves when it is not too far behind. */
  waitForCapacity(): Promise<void>;
  /**
   * Releases backpressure for good: before a stop, so that no sender waits for a store that
   * refuses.
   */
  releaseBackpressure(): void;
  /** Resolves when no cycle is under way. */
  idle(): Promise<void>;
  /**
   * Projects and writes what is left, if the store takes it at once; what it does not take is
   * replayed.
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
  /** The last batch that was correlated. */
  correlatedBatch: () => number;
  /**
   * Into memory, with all that decides together with them. Gives the keys of flows that this
   * changed.
   */
  rehydrate: (flows: StoredFlow[]) => Promise<readonly FlowKey[]>;
  /** The name is gone. */
  forget(id: string): void;
}

/** A cycle of flow rows begins this often at most … */
const CYCLE_MS = 200;
/**
 * … and this often where nobody looks and much changes: an insert costs some 20 ms, and as much in
 * merges, however small.
 */
const UNWATCHED_CYCLE_MS = 1000;
const BUSY_CYCLE_FLOWS = 100;
/**
 * Within a cycle, half of the time is left to spans, to a bound: they come in between all the same.
 */
const PAUSE_FACTOR = 1;
const MAX_PAUSE_MS = 1000;
/**
 * Flows projected in one go: it blocks everything else for its time, 0.1 to 0.4 ms a flow; an
 * answer waits for several.
 */
const MAX_PROJECTED = 80;
/** Flows written in one go. */
const MAX_WRITTEN = 2000;
/** Changed flows that may wait to be projected. */
const MAX_TO_PROJECT = 10_000;

/** On their way into rows. */
interface Projected {
  changes: FlowChange[];
  /** The batch that they complete, or null: more of it is to be projected. */
  upTo: number | null;
}

export function createProjection(options: ProjectionOptions): Projection {
  const { clock, counters, log, store, sink, correlatedBatch } = options;
  /** The batch that this cycle completes; null: no cycle is under way. */
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
  const projector = createProjector({
    ...options,
    onDirty: () => scheduler.schedule(cycleIntervalMs()),
    onSettled(ids) {
      if (publisher.settled(ids)) scheduler.schedule(0);
    },
    onAway(ids) {
      storedFlows.due(ids);
      scheduler.schedule(0);
    },
  });
  // Not after the pause that was left to spans: nobody sends any now.
  const backpressure = createBackpressure(
    () => isBehind() && !stopping,
    () => scheduler.schedule(0),
  );
  const retry = createStoreRetry(clock, counters, log);
  const writer = createWriter({
    counters,
    store,
    retry,
    requestFlows: options.requestFlows,
    settlesAt,
  });
  const publisher = createPublisher({ clock, store, retry, sink, settlesAt });
  const storedFlows = createStoredFlows({ store, projector, retry, rehydrate: options.rehydrate });
  const rotation = createFilterRotation(options.correlator, store, log);

  const runCycle = (): Promise<void> =>
    overlap(projectSome, commit, () => projector.flowsToProject > MAX_WRITTEN && !stopping);

  /**
   * Store → correlate → timeline → expect → detect: the next flows of this cycle in their newest
   * form.
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

  /** → store → push and alert: people are told only of what is durable. */
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
      const cycle = scheduler.stop();
      await rotation.idle();
      await cycle;
      try {
        await runCycle();
      } catch (error) {
        log.error(
          { detail: messageOf(error).slice(0, 500) },
          'flow rows not projected; they follow at the next start',
        );
      }
    },
  };
}

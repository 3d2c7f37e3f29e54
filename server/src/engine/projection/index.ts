import { pushAll } from '../../base/lists.ts';
import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { createBoundedSet } from '../../base/bounded-set.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Correlator, Unheard } from '../../correlate/index.ts';
import { viewAt, type Flow, type FlowChange, type FlowView } from '../../model/flow.ts';
import type { Store, StoredFlow } from '../../store/index.ts';

/**
 * Changed flows → timelines → their rows → whoever wants to know, in cycles. Rows say that they include a batch of spans
 * only once everything that it changed is written: what a crash interrupts is replayed from there.
 */
export interface Projection {
  /** The rows that are there include everything up to this batch. */
  start(derivedBatch: number): void;
  /** Rows were written of everything up to this batch. */
  readonly derivedBatch: number;
  /** There is something to project. */
  changed(): void;
  /** These flows count as ended now; dashboards are told what the store says of them. */
  settled(ids: readonly string[]): void;
  /** These are due to be judged again, and not in memory. */
  away(ids: readonly string[]): void;
  /** Projects the flows with these ids and keys at once; resolves when their rows are written. `take`: `takeChangesOf`. */
  reproject(
    ids: readonly string[],
    keys: readonly string[],
    take: Correlator['takeChangesOf'],
  ): Promise<void>;
  /** Resolves when it is not too far behind: without it memory would grow for as long as senders are faster. */
  waitForCapacity(): Promise<void>;
  /** Releases backpressure for good: before a stop, so that no sender waits for a store that refuses. */
  releaseBackpressure(): void;
  /** Resolves when no cycle is under way. */
  idle(): Promise<void>;
  /** Projects and writes what is left, if the store takes it at once; what it does not take is replayed. */
  stop(): Promise<void>;
}

export interface ProjectionOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: Store;
  correlator: Correlator;
  settleMs: number;
  /** The last batch that was correlated. */
  correlatedBatch(): number;
  /** Whether an ended request flow (a trace without messages and flow id) is kept. */
  requestFlows: 'keep' | 'failed' | 'drop';
  /** Into memory, with all that decides together with them. Gives the keys of flows that this changed. */
  rehydrate(flows: StoredFlow[]): Promise<readonly string[]>;
  /** The name is gone. */
  forget(id: string): void;
  /** Durable and queryable: tell the dashboards, if there are any. */
  announce(changes: () => readonly Announcement[]): void;
  /** What is durable now, for incidents; and names that are gone. */
  told(flows: readonly Flow[], gone: readonly string[]): void;
  /** Is a dashboard open, or was a moment ago? */
  watched(): boolean;
}

/** A flow as it is seen now, or the name that it lost. */
export type Announcement =
  (FlowView & { stepCount: number }) | { id: string; version: number; movedTo: string | null };

/** A cycle of flow rows begins this often at most … */
const CYCLE_MS = 200;
/** … and this often where nobody looks and much changes: an insert costs some 20 ms, and as much in merges, however small. */
const UNWATCHED_CYCLE_MS = 1000;
const BUSY_CYCLE_FLOWS = 100;
/** Within a cycle, half of the time is left to spans, to a bound: they come in between all the same. */
const PAUSE_FACTOR = 1;
const MOST_PAUSE_MS = 1000;
/** Flows projected in one go: it blocks everything else for its time, 0.1 to 0.4 ms a flow; an answer waits for several. */
const MOST_PROJECTED = 80;
/** Flows brought back from the store in one go, to be judged again. */
const MOST_FETCHED = 250;
/** Flows written in one go. */
const MOST_WRITTEN = 2000;
/** Changed flows that may wait to be projected. */
const MOST_TO_PROJECT = 10_000;
/** Announcements of settled flows that wait; more are left to the next reload of the page. */
const MOST_SETTLED = 5000;
const MOST_ROWS_KNOWN = 100_000;
const MOST_ANNOUNCED = 500;
const RETRY_MS = 1000;
/** What waits for the event loop comes in between. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** On their way into rows. */
interface Projected {
  changes: FlowChange[];
  /** The batch that they complete, or null: more of it is to be projected. */
  upTo: number | null;
}

export function createProjection(options: ProjectionOptions): Projection {
  const { clock, counters, log, store, correlator } = options;
  let derivedBatch = 0;
  let cycleBatch = 0;
  let inCycle = false;
  let lastWritten = 0;
  /** Flows that have one, where not all flows get one. */
  const hasRow = createBoundedSet(MOST_ROWS_KNOWN);
  let lastProjected = 0;
  let stopping = false;
  let appliesBackpressure = true;
  let projection: Promise<void> | undefined;
  let cancelCycle: (() => void) | undefined;
  let rerunRequested = false;
  /** What was projected was not written, and nothing is written any more. Only while stopping. */
  let writesAbandoned = false;
  const settled: string[] = [];
  const away: string[] = [];
  const held: (() => void)[] = [];

  const isBehind = (): boolean => correlator.flowsToProject > MOST_TO_PROJECT;
  const release = (): void => {
    for (const resolve of held.splice(0)) resolve();
  };
  const cycleIntervalMs = (): number =>
    lastWritten > BUSY_CYCLE_FLOWS && !options.watched() ? UNWATCHED_CYCLE_MS : CYCLE_MS;
  const schedule = (delayMs: number): void => {
    if (stopping) return;
    // What becomes due while rows are written is projected after them; without this a deadline that fell into a write went
    // unheard until the next span came (guarded by projection.test.ts).
    if (projection !== undefined) {
      rerunRequested = true;
      return;
    }
    if (cancelCycle !== undefined) {
      if (delayMs > 0) return;
      cancelCycle();
    }
    cancelCycle = clock.after(delayMs, () => {
      cancelCycle = undefined;
      const startedAt = clock.now();
      projection = projectAndWrite().finally(() => {
        projection = undefined;
        release();
        const pause = Math.min((clock.now() - startedAt) * PAUSE_FACTOR, MOST_PAUSE_MS);
        if (isBehind()) schedule(0);
        else if (rerunRequested)
          schedule(inCycle && lastProjected > 0 ? pause : Math.max(cycleIntervalMs(), pause));
        rerunRequested = false;
      });
    });
  };

  let forgetting: Promise<void> | undefined;

  /** What was projected is not projected again: the store is asked until it does it. Nothing, if we stop before. */
  const untilDone = async <T>(failure: string, work: () => Promise<T>): Promise<T | undefined> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        counters.add('fermata_flow_write_failures_total');
        const next = stopping ? 'that follows at the next start' : 'trying again';
        log.error({ detail: messageOf(error).slice(0, 500) }, `${failure}; ${next}`);
        if (stopping) {
          writesAbandoned = true;
          return undefined;
        }
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  };

  /** Of a backlog, the next flows are projected during the write: without that it would grow with a core that idles. */
  const projectAndWrite = async (): Promise<void> => {
    let writing = Promise.resolve();
    try {
      do {
        const projected = await projectSome();
        const before = writing;
        // Whatever happens to those before: what is projected is not projected again, and must be written.
        writing = before.finally(() => write(projected));
        writing.catch(() => undefined); // Heard of below.
        await before;
      } while (correlator.flowsToProject > MOST_WRITTEN && !stopping);
    } finally {
      await writing;
    }
  };

  const projectSome = async (): Promise<Projected> => {
    if (!inCycle) cycleBatch = options.correlatedBatch();
    await announceSettled();
    await fetchAway();
    const { projected, cycleEnds } = await project();
    release();
    inCycle = !cycleEnds;
    lastProjected = projected.size;
    if (inCycle) rerunRequested = true;
    const changes = [...projected.values()];
    for (const change of changes) if (isTombstone(change)) options.forget(change.id);
    return { changes, upTo: inCycle ? null : cycleBatch };
  };
  const announceSettled = async (): Promise<void> => {
    if (settled.length === 0) return;
    const ids = settled.splice(0, MOST_ANNOUNCED);
    if (settled.length > 0) rerunRequested = true;
    const rows = await untilDone('settled flows could not be read', () => store.flowsByIds(ids));
    if (rows !== undefined) options.announce(() => rows.filter(({ flow }) => flow.phase === 'ended'));
  };
  const fetchAway = async (): Promise<void> => {
    if (away.length === 0) return;
    const ids = away.splice(0, MOST_FETCHED);
    if (away.length > 0) rerunRequested = true;
    await untilDone('flows could not be read', async () => options.rehydrate(await store.loadByIds(ids)));
  };
  /** Spans come in between: of two changes of one flow the later counts. */
  const project = async (): Promise<{ projected: Map<string, FlowChange>; cycleEnds: boolean }> => {
    const projected = new Map<string, FlowChange>();
    const unheard: Unheard = { ids: [], names: [] };
    for (;;) {
      const taken = correlator.takeChanges(stopping ? Infinity : MOST_PROJECTED);
      for (const change of taken.list) projected.set(change.id, change);
      pushAll(unheard.ids, taken.unheard.ids);
      pushAll(unheard.names, taken.unheard.names);
      if (taken.isAll || projected.size >= MOST_WRITTEN) {
        await reconcileWithStored(unheard, projected);
        return { projected, cycleEnds: taken.cycleEnds };
      }
      await breathe();
    }
  };
  /**
   * Flows that began anew under names that the store has: what is there belongs to them, and must not be written over. All
   * that this changes is projected at once, for it has to be written together.
   */
  const reconcileWithStored = async (unheard: Unheard, projected: Map<string, FlowChange>): Promise<void> => {
    while (unheard.ids.length > 0) {
      const { ids, names } = unheard;
      const taken = await untilDone('flows could not be looked up', async () => {
        const known = await store.loadByIds(ids);
        if (names.length > 0) pushAll(known, await store.loadByNames(names));
        if (known.length === 0) return null;
        const changed = await options.rehydrate(known);
        for (const { id } of known) projected.delete(id);
        return correlator.takeChangesOf(
          known.map(({ id }) => id),
          changed,
        );
      });
      if (!taken) return;
      for (const change of taken.list) projected.set(change.id, change);
      unheard = taken.unheard;
    }
  };

  const write = async ({ changes, upTo: drawnUpTo }: Projected): Promise<void> => {
    // Rows that belong together are not parted: what was projected since is replayed with what was refused.
    if (writesAbandoned) return;
    const upTo = drawnUpTo ?? derivedBatch;
    if (changes.length === 0 && upTo === derivedBatch) return;
    const kept = changes.flatMap(wanted);
    counters.add('fermata_dropped_request_flows_total', changes.length - kept.length);
    const written = await untilDone('flow rows could not be written', async () => {
      await store.insertFlows(kept, upTo, settlesAt);
      return true;
    });
    if (written === undefined) return;
    // Others may have written meanwhile.
    if (drawnUpTo !== null) derivedBatch = drawnUpTo;
    lastWritten = kept.length;
    for (let from = 0; from < changes.length; from += MOST_PROJECTED) {
      correlator.written(changes.slice(from, from + MOST_PROJECTED));
      await breathe();
    }
    counters.add('fermata_flow_rows_total', kept.length);
    tell(kept);
    if (correlator.isFilterFull && !stopping) forgetting ??= rotateFilter();
    if (options.correlatedBatch() !== upTo) rerunRequested = true;
  };
  const tell = (changes: readonly FlowChange[]): void => {
    options.told(
      changes.flatMap((change) => change.flow ?? []),
      changes.filter(isTombstone).map(({ id }) => id),
    );
    const now = clock.now();
    options.announce(() =>
      changes.flatMap(({ id, version, flow, movedTo, unattributed }) =>
        unattributed
          ? []
          : flow
            ? { ...viewAt(flow, version, settlesAt(flow), now), stepCount: flow.steps.length }
            : { id, version, movedTo },
      ),
    );
  };
  /** Memory stays bounded, and what is still open is found however long ago it left. */
  const rotateFilter = async (): Promise<void> => {
    try {
      correlator.beginRotation();
      const { hashes } = await store.names(0);
      for await (const block of hashes) correlator.addToFilter(block);
      correlator.rotateFilter();
    } catch (error) {
      log.warn(
        { reason: messageOf(error) },
        'names of open flows could not be read; memory grows until they can',
      );
    } finally {
      forgetting = undefined;
    }
  };

  /** A flow that is not wanted any more, because its message went to another, leaves no row of before. */
  const wanted = (change: FlowChange): readonly FlowChange[] => {
    const { id, version, flow } = change;
    if (options.requestFlows === 'keep' || flow === null) return [change];
    if (!isKept(flow)) return hasRow.has(id) ? [{ id, version, flow: null, movedTo: null }] : [];
    hasRow.add(id);
    return [change];
  };
  const settlesAt = (flow: Flow): number =>
    flow.idleOutcome === null ? 0 : flow.lastReceivedMs + options.settleMs;
  const isKept = (flow: Flow): boolean =>
    flow.flowId !== '' ||
    flow.hops.some((hop) => !hop.sync) ||
    (options.requestFlows === 'failed' && flow.failedSteps > 0);

  return {
    start(batch) {
      derivedBatch = batch;
    },
    get derivedBatch() {
      return derivedBatch;
    },
    changed: () => schedule(cycleIntervalMs()),
    settled(ids) {
      if (!options.watched()) return;
      pushAll(settled, ids.slice(0, MOST_SETTLED - settled.length));
      schedule(0);
    },
    away(ids) {
      pushAll(away, ids);
      schedule(0);
    },
    async reproject(ids, keys, take) {
      const projected = new Map<string, FlowChange>();
      const unheard: Unheard = { ids: [], names: [] };
      for (let from = 0; from < Math.max(ids.length, keys.length) && !stopping; from += MOST_PROJECTED) {
        const taken = take(ids.slice(from, from + MOST_PROJECTED), keys.slice(from, from + MOST_PROJECTED));
        for (const change of taken.list) projected.set(change.id, change);
        pushAll(unheard.ids, taken.unheard.ids);
        pushAll(unheard.names, taken.unheard.names);
        await breathe();
      }
      await reconcileWithStored(unheard, projected);
      await write({ changes: [...projected.values()], upTo: null });
    },
    async waitForCapacity() {
      while (isBehind() && appliesBackpressure && !stopping) {
        // Not after the pause that was left to spans: nobody sends any now.
        schedule(0);
        await new Promise<void>((resolve) => held.push(resolve));
      }
    },
    releaseBackpressure() {
      appliesBackpressure = false;
      release();
    },
    async idle() {
      await projection;
    },
    async stop() {
      stopping = true;
      cancelCycle?.();
      await forgetting;
      await projection;
      try {
        await projectAndWrite();
      } catch (error) {
        log.error(
          { detail: messageOf(error).slice(0, 500) },
          'flow rows not projected; they follow at the next start',
        );
      }
    },
  };
}

const isTombstone = ({ flow, unattributed }: FlowChange): boolean => flow === null && !unattributed;

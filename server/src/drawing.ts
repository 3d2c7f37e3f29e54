import { pushAll } from './base/lists.ts';
import type { Clock } from './base/clock.ts';
import type { Counters } from './base/counters.ts';
import { createBoundedSet } from './base/bounded-set.ts';
import { messageOf } from './base/errors.ts';
import type { Log } from './base/log.ts';
import type { Correlator, Unheard } from './correlate/index.ts';
import { seenAt, type Flow, type FlowChange, type SeenFlow } from './model/flow.ts';
import type { Store, StoredFlow } from './store/index.ts';

/**
 * Changed flows → timelines → their rows → whoever wants to know, in rounds. Rows say that they include a batch of spans
 * only once everything that it changed is written: what a crash interrupts is replayed from there.
 */
export interface Drawing {
  /** The rows that are there include everything up to this batch. */
  start(derivedBatch: number): void;
  /** Rows were written of everything up to this batch. */
  readonly derivedBatch: number;
  /** There is something to draw. */
  changed(): void;
  /** These flows count as ended now; dashboards are told what the store says of them. */
  settled(ids: readonly string[]): void;
  /** These are due to be judged again, and not in memory. */
  away(ids: readonly string[]): void;
  /** Draws the flows with these ids and keys at once; resolves when their rows are written. `take`: `takeAgain`. */
  redraw(ids: readonly string[], keys: readonly string[], take: Correlator['takeAgain']): Promise<void>;
  /** Resolves when it is not too far behind: without it memory would grow for as long as senders are faster. */
  keepUp(): Promise<void>;
  /** From now on `keepUp` holds nobody: who waits for its end must not wait for a store that refuses. */
  letGo(): void;
  /** Resolves when no round is under way. */
  idle(): Promise<void>;
  /** Draws and writes what is left, if the store takes it at once; what it does not take is replayed. */
  stop(): Promise<void>;
}

export interface DrawingOptions {
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
  bringBack(flows: StoredFlow[]): Promise<readonly string[]>;
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
  (SeenFlow & { stepCount: number }) | { id: string; version: number; movedTo: string | null };

/** A round of flow rows begins this often at most … */
const ROUND_MS = 200;
/** … and this often where nobody looks and much changes: an insert costs some 20 ms, and as much in merges, however small. */
const UNWATCHED_ROUND_MS = 1000;
const MUCH = 100;
/** Within a round, half of the time is left to spans, to a bound: they come in between all the same. */
const PAUSE_FACTOR = 1;
const MOST_PAUSE_MS = 1000;
/** Flows drawn in one go: it blocks everything else for its time, 0.1 to 0.4 ms a flow; an answer waits for several. */
const MOST_DRAWN = 80;
/** Flows brought back from the store in one go, to be judged again. */
const MOST_FETCHED = 250;
/** Flows written in one go. */
const MOST_WRITTEN = 2000;
/** Changed flows that may wait to be drawn. */
const MOST_TO_DRAW = 10_000;
/** Announcements of settled flows that wait; more are left to the next reload of the page. */
const MOST_SETTLED = 5000;
const MOST_ROWS_KNOWN = 100_000;
const MOST_ANNOUNCED = 500;
const RETRY_MS = 1000;
/** What waits for the event loop comes in between. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** On their way into rows. */
interface Drawn {
  changes: FlowChange[];
  /** The batch that they complete, or null: more of it is to be drawn. */
  upTo: number | null;
}

export function createDrawing(options: DrawingOptions): Drawing {
  const { clock, counters, log, store, correlator } = options;
  let derivedBatch = 0;
  let roundBatch = 0;
  let inRound = false;
  let lastWritten = 0;
  /** Flows that have one, where not all flows get one. */
  const hasRow = createBoundedSet(MOST_ROWS_KNOWN);
  let lastDrawn = 0;
  let stopping = false;
  let holds = true;
  let drawing: Promise<void> | undefined;
  let cancelRound: (() => void) | undefined;
  let again = false;
  /** What was drawn was not written, and nothing is written any more. Only while stopping. */
  let gaveUp = false;
  const settled: string[] = [];
  const away: string[] = [];
  const held: (() => void)[] = [];

  const isBehind = (): boolean => correlator.flowsToDraw > MOST_TO_DRAW;
  const release = (): void => {
    for (const resolve of held.splice(0)) resolve();
  };
  const every = (): number => (lastWritten > MUCH && !options.watched() ? UNWATCHED_ROUND_MS : ROUND_MS);
  const schedule = (delayMs: number): void => {
    if (stopping) return;
    // What becomes due while rows are written is drawn after them; without this a deadline that fell into a write went
    // unheard until the next span came (guarded by drawing.test.ts).
    if (drawing !== undefined) {
      again = true;
      return;
    }
    if (cancelRound !== undefined) {
      if (delayMs > 0) return;
      cancelRound();
    }
    cancelRound = clock.after(delayMs, () => {
      cancelRound = undefined;
      const startedAt = clock.now();
      drawing = drawAndWrite().finally(() => {
        drawing = undefined;
        release();
        const pause = Math.min((clock.now() - startedAt) * PAUSE_FACTOR, MOST_PAUSE_MS);
        if (isBehind()) schedule(0);
        else if (again) schedule(inRound && lastDrawn > 0 ? pause : Math.max(every(), pause));
        again = false;
      });
    });
  };

  let forgetting: Promise<void> | undefined;

  /** What was drawn is not drawn again: the store is asked until it does it. Nothing, if we stop before. */
  const untilDone = async <T>(failure: string, work: () => Promise<T>): Promise<T | undefined> => {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        counters.add('fermata_flow_write_failures_total');
        const next = stopping ? 'that follows at the next start' : 'trying again';
        log.error({ detail: messageOf(error).slice(0, 500) }, `${failure}; ${next}`);
        if (stopping) {
          gaveUp = true;
          return undefined;
        }
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  };

  /** Of a backlog, the next flows are drawn during the write: without that it would grow with a core that idles. */
  const drawAndWrite = async (): Promise<void> => {
    let writing = Promise.resolve();
    try {
      do {
        const drawn = await drawSome();
        const before = writing;
        // Whatever happens to those before: what is drawn is not drawn again, and must be written.
        writing = before.finally(() => write(drawn));
        writing.catch(() => undefined); // Heard of below.
        await before;
      } while (correlator.flowsToDraw > MOST_WRITTEN && !stopping);
    } finally {
      await writing;
    }
  };

  const drawSome = async (): Promise<Drawn> => {
    if (!inRound) roundBatch = options.correlatedBatch();
    await announceSettled();
    await fetchAway();
    const { drawn, roundEnds } = await draw();
    release();
    inRound = !roundEnds;
    lastDrawn = drawn.size;
    if (inRound) again = true;
    const changes = [...drawn.values()];
    for (const change of changes) if (isTombstone(change)) options.forget(change.id);
    return { changes, upTo: inRound ? null : roundBatch };
  };
  const announceSettled = async (): Promise<void> => {
    if (settled.length === 0) return;
    const ids = settled.splice(0, MOST_ANNOUNCED);
    if (settled.length > 0) again = true;
    const rows = await untilDone('settled flows could not be read', () => store.flowsByIds(ids));
    if (rows !== undefined) options.announce(() => rows.filter(({ flow }) => flow.phase === 'ended'));
  };
  const fetchAway = async (): Promise<void> => {
    if (away.length === 0) return;
    const ids = away.splice(0, MOST_FETCHED);
    if (away.length > 0) again = true;
    await untilDone('flows could not be read', async () => options.bringBack(await store.loadByIds(ids)));
  };
  /** Spans come in between: of two changes of one flow the later counts. */
  const draw = async (): Promise<{ drawn: Map<string, FlowChange>; roundEnds: boolean }> => {
    const drawn = new Map<string, FlowChange>();
    const unheard: Unheard = { ids: [], names: [] };
    for (;;) {
      const taken = correlator.takeChanges(stopping ? Infinity : MOST_DRAWN);
      for (const change of taken.list) drawn.set(change.id, change);
      pushAll(unheard.ids, taken.unheard.ids);
      pushAll(unheard.names, taken.unheard.names);
      if (taken.isAll || drawn.size >= MOST_WRITTEN) {
        await takeUpAgain(unheard, drawn);
        return { drawn, roundEnds: taken.roundEnds };
      }
      await breathe();
    }
  };
  /**
   * Flows that began anew under names that the store has: what is there belongs to them, and must not be written over. All
   * that this changes is drawn at once, for it has to be written together.
   */
  const takeUpAgain = async (unheard: Unheard, drawn: Map<string, FlowChange>): Promise<void> => {
    while (unheard.ids.length > 0) {
      const { ids, names } = unheard;
      const taken = await untilDone('flows could not be looked up', async () => {
        const known = await store.loadByIds(ids);
        if (names.length > 0) pushAll(known, await store.loadByNames(names));
        if (known.length === 0) return null;
        const changed = await options.bringBack(known);
        for (const { id } of known) drawn.delete(id);
        return correlator.takeAgain(
          known.map(({ id }) => id),
          changed,
        );
      });
      if (!taken) return;
      for (const change of taken.list) drawn.set(change.id, change);
      unheard = taken.unheard;
    }
  };

  const write = async ({ changes, upTo: drawnUpTo }: Drawn): Promise<void> => {
    // Rows that belong together are not parted: what was drawn since is replayed with what was refused.
    if (gaveUp) return;
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
    for (let from = 0; from < changes.length; from += MOST_DRAWN) {
      correlator.written(changes.slice(from, from + MOST_DRAWN));
      await breathe();
    }
    counters.add('fermata_flow_rows_total', kept.length);
    tell(kept);
    if (correlator.isFilterFull && !stopping) forgetting ??= rotateFilter();
    if (options.correlatedBatch() !== upTo) again = true;
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
            ? { ...seenAt(flow, version, settlesAt(flow), now), stepCount: flow.steps.length }
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
    flow.settlesAs === null ? 0 : flow.lastReceivedMs + options.settleMs;
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
    changed: () => schedule(every()),
    settled(ids) {
      if (!options.watched()) return;
      pushAll(settled, ids.slice(0, MOST_SETTLED - settled.length));
      schedule(0);
    },
    away(ids) {
      pushAll(away, ids);
      schedule(0);
    },
    async redraw(ids, keys, take) {
      const drawn = new Map<string, FlowChange>();
      const unheard: Unheard = { ids: [], names: [] };
      for (let from = 0; from < Math.max(ids.length, keys.length) && !stopping; from += MOST_DRAWN) {
        const taken = take(ids.slice(from, from + MOST_DRAWN), keys.slice(from, from + MOST_DRAWN));
        for (const change of taken.list) drawn.set(change.id, change);
        pushAll(unheard.ids, taken.unheard.ids);
        pushAll(unheard.names, taken.unheard.names);
        await breathe();
      }
      await takeUpAgain(unheard, drawn);
      await write({ changes: [...drawn.values()], upTo: null });
    },
    async keepUp() {
      while (isBehind() && holds && !stopping) {
        // Not after the pause that was left to spans: nobody sends any now.
        schedule(0);
        await new Promise<void>((resolve) => held.push(resolve));
      }
    },
    letGo() {
      holds = false;
      release();
    },
    async idle() {
      await drawing;
    },
    async stop() {
      stopping = true;
      cancelRound?.();
      await forgetting;
      await drawing;
      try {
        await drawAndWrite();
      } catch (error) {
        log.error(
          { detail: messageOf(error).slice(0, 500) },
          'flow rows not drawn; they follow at the next start',
        );
      }
    },
  };
}

const isTombstone = ({ flow, unattributed }: FlowChange): boolean => flow === null && !unattributed;

import type { Clock } from './base/clock.ts';
import type { Counters } from './base/counters.ts';
import { messageOf } from './base/errors.ts';
import type { Log } from './base/log.ts';
import { createCorrelator, type Correlator } from './correlate/index.ts';
import { createDefinitionDesk, type DefinitionDesk } from './definitions.ts';
import { judge } from './detect/index.ts';
import { createExpectations, type Expectations } from './expect/index.ts';
import type { Definition } from './model/definition.ts';
import type { QueryRule } from './model/expectation.ts';
import { seenAt, type Flow, type FlowChange, type SeenFlow } from './model/flow.ts';
import type { Incident } from './model/incident.ts';
import type { OtlpExport } from './model/otlp.ts';
import type { EvidenceRecord } from './model/record.ts';
import type { Span } from './model/span.ts';
import type { Normalizer } from './normalize/index.ts';
import type { WrittenBatch } from './receive/index.ts';
import type { PreparedSpans, Store, StoredFlow, StoredSpan } from './store/index.ts';

/**
 * What happens to requests, in order: normalize → insert together (the commit) → correlate → (answered) → draw changed flows →
 * write their rows → announce. Everything after the insert can be repeated from it.
 */
export interface Pipeline {
  /** Catches up with spans whose flows were not written before the last stop. */
  start(): Promise<void>;
  /** Normalizes a request, at once and in the order of commits: only what is needed later waits. */
  prepare(request: OtlpExport): Prepared;
  write(prepared: readonly Prepared[]): Promise<WrittenBatch>;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
  /** Writes what is drawn so far. Idempotent. */
  stop(): Promise<void>;
  readonly correlator: Correlator;
  readonly expectations: Expectations;
  readonly definitions: DefinitionDesk;
  /** An operator says that what an incident misses comes no more. */
  accept(gone: Pick<Incident, 'environment' | 'flowType' | 'step' | 'service'>): Promise<boolean>;
}

/** A request that waits for its commit: what correlates, and rows for the store. */
export interface Prepared {
  batch: number;
  spans: Span[];
  rows: PreparedSpans;
}

export interface PipelineOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: Store;
  normalizer: Normalizer;
  settleMs: number;
  /** Nothing is called stuck sooner, ms. */
  stuckFloorMs: number;
  unloadMs: number;
  /** false: flows are only drawn; nothing is learned, awaited or judged. */
  expects: boolean;
  /** From the operator's files. */
  definitions: readonly Definition[];
  queryRules: readonly QueryRule[];
  /** Whether an ended request flow (a trace without messages and flow id) is kept. */
  requestFlows: 'keep' | 'failed' | 'drop';
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
const FLUSH_MS = 200;
/** … and this often where nobody looks and much changes: an insert costs some 20 ms, and as much in merges, however small. */
const UNWATCHED_FLUSH_MS = 1000;
const MUCH = 100;
/** Within a round, half of the time is left to spans, to a bound: they come in between all the same. */
const FLUSH_PAUSE_FACTOR = 1;
const MOST_PAUSE_MS = 1000;
/** Flows drawn in one go: it blocks everything else for its time, 0.1 to 0.4 ms a flow; an answer waits for several. */
const MOST_DRAWN = 80;
/** Flows brought back from the store in one go, to be judged again. */
const MOST_FETCHED = 250;
/** Flows written in one go. */
const MOST_WRITTEN = 2000;
/** Changed flows that may wait to be drawn. */
const MOST_TO_DRAW = 10_000;
/** What waits for the event loop comes in between. */
const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const REPLAY_REPORT = 100_000;
/** After our own downtime, overdue waits get as long again, to a bound, and a moment more. */
const MOST_GRACE_MS = 600_000;
const GRACE_MS = 30_000;
/** What was learned is stored this often. */
const SAVE_MS = 60_000;
/** Announcements of settled flows that wait; more are left to the next reload of the page. */
const MOST_SETTLED = 5000;
const MOST_LOAD_ROUNDS = 64;
/** Spans that one commit may bring back; what lies beyond is counted, and not seen by it. */
const MOST_LOADED_SPANS = 100_000;

/** On their way into rows. */
interface Drawn {
  changes: FlowChange[];
  /** The batch that they complete, or null: more of it is to be drawn. */
  upTo: number | null;
}

export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock, counters, log, store, normalizer } = options;
  let batch = 0;
  /** Correlated, not yet in flow rows. */
  let correlatedBatch = 0;
  let stopping = false;
  let flushing: Promise<void> | undefined;
  let cancelFlush: (() => void) | undefined;
  /** Count as ended now; dashboards are told what the store says of them. */
  const settled: string[] = [];
  /** Due to be judged again, and not in memory. */
  const away: string[] = [];
  /** Loading and adding touch the same memory: one at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const expectations = createExpectations({
    clock,
    counters,
    settleMs: options.settleMs,
    floorMs: options.stuckFloorMs,
    onReconsider: (ids) => correlator.lookAgain(ids),
  });
  /** A fault in judging must not keep flows from being written. */
  const judged = (flow: Flow): Flow => {
    try {
      return judgedOrThrow(flow);
    } catch (error) {
      counters.add('fermata_judging_failures_total');
      log.error({ detail: messageOf(error).slice(0, 500), flow: flow.id }, 'a flow could not be judged');
      return flow;
    }
  };
  const judgedOrThrow = (flow: Flow): Flow => {
    const concluded = expectations.conclude(flow);
    const seen = judge(
      concluded,
      { ...expectations.of(concluded), dutiesOf: () => expectations.dutiesOf(concluded) },
      options,
      clock.now(),
    );
    if (seen.findings.some((finding) => finding.rule.startsWith('compensation-')))
      expectations.quarantine(flow.id);
    return seen;
  };

  const correlator: Correlator = createCorrelator({
    clock,
    counters,
    settleMs: options.settleMs,
    unloadMs: options.unloadMs,
    judge: options.expects ? judged : (flow) => flow,
    onDirty: () => schedule(flushEvery()),
    onAway: (ids) => {
      away.push(...ids);
      schedule(0);
    },
    onSettled: (ids) => {
      if (!options.watched()) return;
      settled.push(...ids.slice(0, MOST_SETTLED - settled.length));
      schedule(0);
    },
  });

  const restore = (stored: StoredSpan): Span | null =>
    stored.span
      ? normalizer.span(stored.span, stored.receivedAtMs).span
      : (normalizer.event(stored.log, stored.receivedAtMs, stored)?.span ?? null);
  const restoreAll = (list: StoredSpan[]): Span[] => list.flatMap((stored) => restore(stored) ?? []);
  const load = (names: string[], flows: StoredFlow[]): Span[] => {
    counters.add('fermata_reloaded_flows_total', flows.length);
    return correlator.load(
      names,
      flows.map((flow) => ({
        id: flow.id,
        version: flow.version,
        members: restoreAll(flow.members),
        causes: flow.causes,
      })),
    );
  };
  /** Flows that are only in the store and that these spans touch, and what decides together with those. */
  const bringBack = async (spans: Span[], loaded: Span[]): Promise<void> => {
    for (let round = 0; round < MOST_LOAD_ROUNDS && loaded.length < MOST_LOADED_SPANS; round++) {
      const names = correlator.missing(spans, loaded);
      if (names.length === 0) return;
      counters.add('fermata_lookups_total');
      loaded.push(...load(names, await store.loadByNames(names)));
    }
    counters.add('fermata_reloads_cut_short_total');
  };
  const correlate = async (spans: Span[]): Promise<void> => {
    await bringBack(spans, []);
    correlator.add(spans);
  };

  /** Senders wait then: without it memory would grow for as long as they are faster than drawing. */
  const isBehind = (): boolean => correlator.flowsToDraw > MOST_TO_DRAW;
  const held: (() => void)[] = [];
  const release = (): void => {
    for (const resolve of held.splice(0)) resolve();
  };
  let again = false;
  const flushEvery = (): number => (lastWritten > MUCH && !options.watched() ? UNWATCHED_FLUSH_MS : FLUSH_MS);
  const schedule = (delayMs: number): void => {
    if (stopping) return;
    // What becomes due while rows are written is drawn after them; without this a deadline that fell into a write went
    // unheard until the next span came (guarded by pipeline.test.ts).
    if (flushing !== undefined) {
      again = true;
      return;
    }
    if (cancelFlush !== undefined) {
      if (delayMs > 0) return;
      cancelFlush();
    }
    cancelFlush = clock.after(delayMs, () => {
      cancelFlush = undefined;
      const startedAt = clock.now();
      flushing = flush().finally(() => {
        flushing = undefined;
        release();
        const pause = Math.min((clock.now() - startedAt) * FLUSH_PAUSE_FACTOR, MOST_PAUSE_MS);
        if (isBehind()) schedule(0);
        else if (again) schedule(inRound ? pause : Math.max(flushEvery(), pause));
        again = false;
      });
    });
  };
  const settlesAt = (flow: Flow): number =>
    flow.settlesAs === null ? 0 : flow.lastReceivedMs + options.settleMs;

  /**
   * Draws and writes changed flows; on failure they are drawn again with the next write. Of a backlog, the next flows are
   * drawn during the write: without that it would grow with a core that idles.
   */
  const flush = async (): Promise<void> => {
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
    // Rows say that they include a batch only once everything that it changed is written.
    if (!inRound) roundBatch = correlatedBatch;
    if (settled.length > 0) {
      const rows = await store.flowsByIds(settled.splice(0, 500));
      if (settled.length > 0) again = true;
      options.announce(() => rows.filter(({ flow }) => flow.phase === 'ended'));
    }
    if (away.length > 0) {
      const ids = away.splice(0, MOST_FETCHED);
      if (away.length > 0) again = true;
      await exclusive(async () => {
        await bringBack([], load([], await store.loadByIds(ids)));
        correlator.add([]);
      });
    }
    const { changes, roundEnds } = await draw();
    release();
    for (const change of changes) if (change.flow === null && !change.unowned) expectations.forget(change.id);
    inRound = !roundEnds;
    if (inRound) again = true;
    return { changes, upTo: roundEnds ? roundBatch : null };
  };
  const write = async ({ changes, upTo: drawnUpTo }: Drawn): Promise<void> => {
    const upTo = drawnUpTo ?? derivedBatch;
    if (changes.length === 0 && upTo === derivedBatch) return;
    const kept = changes.filter((change) => change.flow === null || keep(change.flow));
    counters.add('fermata_dropped_request_flows_total', changes.length - kept.length);
    for (;;) {
      try {
        await store.insertFlows(kept, upTo, settlesAt);
        break;
      } catch (error) {
        counters.add('fermata_flow_write_failures_total');
        log.error({ detail: messageOf(error).slice(0, 500) }, 'flow rows could not be written; trying again');
        if (stopping) return;
        await new Promise<void>((resolve) => clock.after(1000, resolve));
      }
    }
    derivedBatch = upTo;
    lastWritten = kept.length;
    for (let from = 0; from < changes.length; from += MOST_DRAWN) {
      correlator.written(changes.slice(from, from + MOST_DRAWN));
      await breathe();
    }
    counters.add('fermata_flow_rows_total', kept.length);
    options.told(
      kept.flatMap((change) => change.flow ?? []),
      kept.flatMap((change) => (change.flow === null && !change.unowned ? [change.id] : [])),
    );
    const now = clock.now();
    options.announce(() =>
      kept.flatMap(({ id, version, flow, movedTo, unowned }) =>
        unowned
          ? []
          : flow
            ? { ...seenAt(flow, version, settlesAt(flow), now), stepCount: flow.steps.length }
            : { id, version, movedTo },
      ),
    );
    if (correlatedBatch !== upTo) again = true;
  };
  /** Spans come in between: of two changes of one flow the later counts. */
  const draw = async (): Promise<{ changes: FlowChange[]; roundEnds: boolean }> => {
    const changes = new Map<string, FlowChange>();
    for (;;) {
      const { list, roundEnds } = correlator.takeChanges(stopping ? Infinity : MOST_DRAWN);
      for (const change of list) changes.set(change.id, change);
      if (roundEnds || changes.size >= MOST_WRITTEN) return { changes: [...changes.values()], roundEnds };
      await breathe();
    }
  };
  let derivedBatch = 0;
  let roundBatch = 0;
  let lastWritten = 0;
  let inRound = false;

  /** What was learned since the last save; lost, it is learned again. */
  const save = async (): Promise<void> => {
    const models = expectations.takeChanged();
    if (models.length > 0) await store.saveLearned(models, clock.now());
  };
  let cancelSave: (() => void) | undefined;
  const saveLater = (): void => {
    cancelSave = clock.after(SAVE_MS, () => {
      void save()
        .catch((error: unknown) =>
          log.warn({ reason: messageOf(error) }, 'what was learned could not be saved'),
        )
        .finally(() => stopping || saveLater());
    });
  };

  const keep = (flow: Flow): boolean =>
    options.requestFlows === 'keep' ||
    flow.flowId !== '' ||
    flow.hops.some((hop) => !hop.sync) ||
    (options.requestFlows === 'failed' && flow.failedSteps > 0);

  /** Of everything under way of these flow types: more is known now. */
  const judgeAgain = async (types: ReadonlySet<string>): Promise<void> => {
    for await (const flows of store.openFlows())
      correlator.lookAgain(flows.filter((flow) => types.has(flow.type)).map((flow) => flow.id));
  };
  const definitions = createDefinitionDesk({
    clock,
    counters,
    log,
    store,
    expectations,
    judgeAgain,
  });

  return {
    correlator,
    expectations,
    definitions,
    async accept({ environment, flowType, step, service }) {
      if (step === null || !expectations.accept(environment, flowType, step, service)) return false;
      await save();
      await judgeAgain(new Set([flowType]));
      return true;
    },
    async start() {
      await definitions.load(options.definitions);
      expectations.load(await store.learned());
      const { lastBatch, derivedBatch: derived, lastReceivedMs } = await store.watermarks();
      batch = lastBatch;
      correlatedBatch = derivedBatch = derived;
      saveLater();
      for await (const names of store.names()) correlator.remember(names);
      // What fell due while nobody could receive may have arrived at the senders' queues: they get time to deliver.
      const downtime = lastReceivedMs === 0 ? 0 : clock.now() - lastReceivedMs;
      const grace = Math.min(Math.max(0, downtime), MOST_GRACE_MS) + GRACE_MS;
      for await (const flows of store.openFlows())
        for (const { id, settlesAtMs, lookAtMs } of flows)
          correlator.remainsOpen(
            id,
            settlesAtMs === 0 ? null : settlesAtMs,
            lookAtMs === 0 ? null : Math.max(lookAtMs, clock.now() + grace),
          );
      if (lastBatch <= derived) return;
      let count = 0;
      let reported = 0;
      for await (const stored of store.replay(derived)) {
        await exclusive(() => correlate(restoreAll(stored)));
        count += stored.length;
        if (count - reported < REPLAY_REPORT) continue;
        reported = count;
        log.info({ spans: count }, 'catching up');
      }
      correlatedBatch = lastBatch;
      log.info({ spans: count }, 'caught up with spans committed before the last stop');
      schedule(0);
    },
    prepare(request) {
      const receivedAtMs = clock.now();
      const records: EvidenceRecord[] = [];
      let ignored = 0;
      for (const span of request.spans) records.push(normalizer.span(span, receivedAtMs));
      for (const record of request.logs) {
        const definition = normalizer.definition(record);
        if (definition !== null) {
          definitions.announced(definition);
          continue;
        }
        const event = normalizer.event(record, receivedAtMs);
        if (event) records.push(event);
        else ignored++;
      }
      counters.add('fermata_ignored_log_records_total', ignored);
      const number = ++batch;
      return {
        batch: number,
        spans: records.map((record) => record.span),
        rows: store.prepareSpans(number, records),
      };
    },
    async write(prepared) {
      await store.insertSpans(prepared.map(({ rows }) => rows));
      const spans = prepared.flatMap((one) => one.spans);
      counters.add('fermata_committed_records_total', spans.length);
      counters.add('fermata_commits_total');
      return {
        correlate: async () => {
          await exclusive(async () => {
            await correlate(spans);
            correlatedBatch = prepared.at(-1)?.batch ?? correlatedBatch;
          });
          while (isBehind() && !stopping) {
            // Not after the pause that was left to spans: nobody sends any now.
            schedule(0);
            await new Promise<void>((resolve) => held.push(resolve));
          }
        },
      };
    },
    async idle() {
      await turn;
      await flushing;
    },
    async stop() {
      stopping = true;
      cancelFlush?.();
      await flushing;
      await turn;
      try {
        await flush();
      } catch (error) {
        log.warn(
          { reason: messageOf(error) },
          'flow rows not written at stop; they follow at the next start',
        );
      }
      await save().catch(() => undefined);
      cancelSave?.();
      expectations.stop();
      correlator.stop();
    },
  };
}

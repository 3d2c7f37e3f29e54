import { messageOf } from '../base/errors.ts';
import { flatMapped } from '../base/lists.ts';
import {
  createClocks,
  createCorrelator,
  type Clocks,
  type Correlator,
  type CorrelatorOptions,
} from '../correlate/index.ts';
import { createDefinitionDesk, type DefinitionDesk } from './definitions.ts';
import { judge } from '../detect/index.ts';
import { createProjection, type ProjectionOptions } from './projection/index.ts';
import { createExpectations, type Expectations } from '../expect/index.ts';
import type { Definition } from '../model/definition.ts';
import type { WaitingFor } from '../model/expectation.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { Flow } from '../model/flow.ts';
import type { Incident } from '../model/incident.ts';
import type { OtlpExport } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import type { Span } from '../model/span.ts';
import type { Normalizer } from '../normalize/index.ts';
import type { WrittenBatch } from '../receive/index.ts';
import { createRebuild } from './rebuild.ts';
import { createReloads } from './reload.ts';
import type { PreparedSpans, StoredSpan } from '../store/index.ts';

/**
 * What happens to requests, in order: normalize → insert together (the commit) → correlate → (answered) → project changed flows,
 * write their rows, announce them (`projection.ts`). Everything after the insert can be repeated from it.
 */
export interface Pipeline {
  /** Catches up with spans whose flows were not written before the last stop. */
  start(): Promise<void>;
  /** Normalizes a request, at once and in the order of commits: only what is needed later waits. */
  prepare(request: OtlpExport): Prepared;
  write(prepared: readonly Prepared[]): Promise<WrittenBatch<Prepared>>;
  /** Flow rows were lost, and are not projected again yet. */
  readonly lacksRows: boolean;
  /** Begins to project them again, or `all`; once whoever is told of flows knows what was said of them before. */
  rebuild(all: boolean): void;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
  /** No answer waits any more for flows to be projected. Before whoever awaits answers is stopped. */
  releaseBackpressure(): void;
  /** Writes what is projected so far. Idempotent. */
  stop(): Promise<void>;
  readonly correlator: Correlator;
  readonly clocks: Clocks;
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

type Handed =
  'clock' | 'counters' | 'log' | 'store' | 'settleMs' | 'requestFlows' | 'announce' | 'told' | 'watched';
export interface PipelineOptions extends Pick<ProjectionOptions, Handed> {
  normalizer: Normalizer;
  /** Nothing is called stuck sooner, ms. */
  stuckFloorMs: number;
  idleBeforeEvictionMs: number;
  /** false: flows are only projected; nothing is learned, awaited or judged. */
  expects: boolean;
  /** From the operator's files. */
  definitions: readonly Definition[];
  /** No flow row that was lost is missing any more. */
  onRebuilt?(): void;
  queryRules: readonly QueryRule[];
  runQuietMs?: CorrelatorOptions['runQuietMs'];
  evictedNamesLines?: CorrelatorOptions['evictedNamesLines'];
}

const REPLAY_REPORT = 100_000;
/** With labels of their own at /metrics; the furthest. */
const MOST_CLOCKS_SHOWN = 100;
/** After our own downtime, overdue waits get as long again, to a bound, and a moment more. */
const MOST_GRACE_MS = 600_000;
const GRACE_MS = 30_000;
/** What was learned is stored this often. */
const SAVE_MS = 60_000;

export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock, counters, log, store, normalizer } = options;
  let batch = 0;
  /** Committed up to this one … */
  let committedBatch = 0;
  /** … and not correlated yet, in order. */
  const uncorrelated = new Set<number>();
  /** All up to this one is correlated: flow rows may say that they include it. */
  const correlatedBatch = (): number => {
    for (const first of uncorrelated) return first - 1;
    return committedBatch;
  };
  let stopping = false;

  const expectations = createExpectations({
    clock,
    counters,
    settleMs: options.settleMs,
    floorMs: options.stuckFloorMs,
    onReconsider: (ids) => correlator.lookAgain(ids),
  });
  /**
   * What fell due while nobody could receive may have arrived at the senders' queues, which deliver in their own order: it
   * gets time, whatever else arrives of its flow meanwhile.
   */
  const downtime = { fromMs: 0, toMs: 0, graceUntilMs: 0 };
  const withGrace = (all: WaitingFor[]): WaitingFor[] => {
    const { fromMs, toMs, graceUntilMs } = downtime;
    if (clock.now() >= graceUntilMs) return all;
    return all.map((waiting) => {
      const { since, lateAt, stuckAt } = waiting;
      if (since >= toMs || stuckAt <= fromMs) return waiting;
      return { ...waiting, lateAt: Math.max(lateAt, graceUntilMs), stuckAt: Math.max(stuckAt, graceUntilMs) };
    });
  };
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
    const known = expectations.of(concluded);
    const seen = judge(
      concluded,
      {
        ...known,
        waitingFor: withGrace(known.waitingFor),
        dutiesOf: () => expectations.dutiesOf(concluded),
      },
      options,
      clock.now(),
    );
    if (seen.findings.some((finding) => finding.rule.startsWith('compensation-')))
      expectations.quarantine(flow.id);
    else if (rebuild.isRebuilding && seen.waitingFor.length === 0) expectations.quarantine(flow.id);
    return seen;
  };

  const clocks = createClocks({
    now: () => clock.now(),
    onVerdict: ({ aheadMs, ...whose }) =>
      log.warn({ ...whose, aheadMs }, aheadMs === 0 ? 'a clock is right again' : 'a clock is wrong'),
  });
  counters.gauge('fermata_clock_ahead_milliseconds', () =>
    clocks
      .wrong()
      .slice(0, MOST_CLOCKS_SHOWN)
      .map(({ aheadMs, ...labels }) => ({ labels, value: aheadMs })),
  );
  counters.gauge('fermata_server_clock_behind_milliseconds', () => clocks.serverBehindMs);

  const correlator: Correlator = createCorrelator({
    clock,
    counters,
    settleMs: options.settleMs,
    idleBeforeEvictionMs: options.idleBeforeEvictionMs,
    runQuietMs: options.runQuietMs,
    evictedNamesLines: options.evictedNamesLines,
    clocks,
    judge: options.expects ? judged : (flow) => flow,
    onDirty: () => projection.changed(),
    onFault: (error, key) =>
      log.error({ detail: messageOf(error).slice(0, 500), key }, 'a flow could not be projected'),
    onAway: (ids) => projection.away(ids),
    onSettled: (ids) => projection.settled(ids),
  });

  const restore = (stored: StoredSpan): Span | null =>
    stored.span
      ? normalizer.span(stored.span, stored.receivedAtMs).span
      : (normalizer.event(stored.log, stored.receivedAtMs, stored)?.span ?? null);
  const restoreAll = (list: StoredSpan[]): Span[] => list.flatMap((stored) => restore(stored) ?? []);
  const reloads = createReloads({
    clock,
    counters,
    store,
    correlator,
    restore: ({ members, ...flow }) => ({ ...flow, members: restoreAll(members) }),
  });
  const correlated = (requests: readonly Prepared[]): void => {
    for (const request of requests) uncorrelated.delete(request.batch);
  };
  const addLater = async (request: Prepared): Promise<void> => {
    try {
      if ((await reloads.addLater(request.spans)) === 'left-to-replay') return;
    } catch (error) {
      // Its sender keeps it, and tries again.
      correlated([request]);
      throw error;
    }
    correlated([request]);
    await projection.waitForCapacity();
  };
  /** Those that wait for something that left memory, with when they are done. The others are correlated now. */
  const correlate = (requests: readonly Prepared[]): Map<Prepared, Promise<void>> => {
    const late = new Map<Prepared, Promise<void>>();
    if (!reloads.addNow(flatMapped(requests, ({ spans }) => spans)))
      for (const request of requests) {
        if (reloads.addNow(request.spans)) continue;
        const done = addLater(request);
        // Heard of by whoever answers, which may not be asked yet.
        done.catch(() => undefined);
        late.set(request, done);
      }
    correlated(requests.filter((request) => !late.has(request)));
    return late;
  };

  const projection = createProjection({
    ...options,
    correlator,
    correlatedBatch,
    rehydrate: async (flows) => (await reloads.add([], flows)) ?? [],
    forget: (id) => expectations.forget(id),
  });

  const rebuild = createRebuild({
    ...{ clock, counters, log, store, reloads, correlator, projection },
    restore: restoreAll,
    onDone: () => options.onRebuilt?.(),
  });

  /** What was learned since the last save; lost, it is learned again. */
  const save = async (): Promise<void> => {
    const models = expectations.takeChanged();
    if (models.length > 0) await store.saveLearned(models, clock.now());
    const told = clocks.takeChanged();
    if (told !== null) await store.saveDocument('clock', 'wrong', clock.now(), told);
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

  /** False: we stop. */
  const catchUp = async (derived: number): Promise<boolean> => {
    let count = 0;
    let reported = 0;
    for await (const stored of store.replay(derived)) {
      if ((await reloads.add(restoreAll(stored))) === null) return false;
      count += stored.length;
      if (count - reported < REPLAY_REPORT) continue;
      reported = count;
      log.info({ spans: count }, 'catching up');
    }
    log.info({ spans: count }, 'caught up with spans committed before the last stop');
    projection.changed();
    return true;
  };

  return {
    correlator,
    clocks,
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
      for (const { body } of await store.documents('clock')) clocks.load(body);
      const { lastBatch, derivedBatch: derived, lastReceivedMs } = await store.watermarks();
      batch = lastBatch;
      committedBatch = derived;
      projection.start(derived);
      saveLater();
      const { all, hashes } = await store.names(correlator.filterCapacity, (tokens) =>
        correlator.addWorthless(tokens),
      );
      for await (const block of hashes) correlator.addToFilter(block);
      if (!all) correlator.rotateFilter();
      if (lastReceivedMs > 0) {
        downtime.fromMs = lastReceivedMs;
        downtime.toMs = clock.now();
        const lasted = Math.max(0, downtime.toMs - downtime.fromMs);
        downtime.graceUntilMs = downtime.toMs + Math.min(lasted, MOST_GRACE_MS) + GRACE_MS;
      }
      for await (const flows of store.flowsWithFindings())
        for (const flow of flows) expectations.recall(flow);
      for await (const flows of store.openFlows())
        for (const { id, settlesAtMs, lookAtMs } of flows)
          correlator.remainsOpen(
            id,
            settlesAtMs === 0 ? null : settlesAtMs,
            lookAtMs === 0 ? null : Math.max(lookAtMs, downtime.graceUntilMs),
          );
      if (lastBatch > derived && !(await catchUp(derived))) return;
      committedBatch = lastBatch;
    },
    get lacksRows() {
      return store.losses?.due ?? false;
    },
    rebuild: (all) => rebuild.start(all),
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
      request.namesCut = records.reduce((sum, record) => sum + (record.namesCut ?? 0), 0);
      counters.add('fermata_names_cut_total', request.namesCut);
      const number = ++batch;
      return {
        batch: number,
        spans: records.map((record) => record.span),
        rows: store.prepareSpans(number, records),
      };
    },
    async write(prepared) {
      await store.insertSpans(prepared.map(({ rows }) => rows));
      const spans = flatMapped(prepared, (one) => one.spans);
      expectations.heard(spans);
      counters.add('fermata_committed_records_total', spans.length);
      counters.add('fermata_commits_total');
      for (const request of prepared) {
        uncorrelated.add(request.batch);
        committedBatch = Math.max(committedBatch, request.batch);
      }
      let late: ReadonlyMap<Prepared, Promise<void>>;
      return {
        async correlate() {
          late = correlate(prepared);
          await projection.waitForCapacity();
        },
        later: (request) => late.get(request),
      };
    },
    async idle() {
      await reloads.idle();
      await projection.idle();
      await rebuild.idle();
    },
    releaseBackpressure() {
      reloads.releaseBackpressure();
      projection.releaseBackpressure();
    },
    async stop() {
      stopping = true;
      reloads.releaseBackpressure();
      // It may wait for a row that the store does not take: that ends with the projection.
      const rebuilt = rebuild.stop();
      await reloads.idle();
      await projection.stop();
      await rebuilt;
      await save().catch(() => undefined);
      cancelSave?.();
      expectations.stop();
      correlator.stop();
    },
  };
}

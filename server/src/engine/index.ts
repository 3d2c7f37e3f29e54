import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import { createCorrelator, type Correlator, type CorrelatorOptions } from '../correlate/index.ts';
import type { Expectations } from '../expect/index.ts';
import type { Definition } from '../model/definition.ts';
import type { Incident } from '../model/incident.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { Span } from '../model/span.ts';
import type { Normalizer } from '../normalize/index.ts';
import type { EngineStore, StoredSpan } from '../store/index.ts';
import { createClocks, type Clocks } from '../timeline/index.ts';
import { createAssessor } from './assess.ts';
import { createBatches } from './batches.ts';
import { createDefinitionDesk, type DefinitionDesk } from './definitions.ts';
import { createDowntimeGrace } from './downtime-grace.ts';
import { createIngest, type Ingest } from './ingest.ts';
import { createLearnedSaver } from './learned-saver.ts';
import { createProjection, type FlowSink, type ProjectionOptions } from './projection/index.ts';
import { createRebuild } from './rebuild.ts';
import { recover } from './recovery.ts';
import { createReloads } from './reload.ts';

export type { Prepared } from './ingest.ts';
export type { Announcement, FlowSink } from './projection/index.ts';

/**
 * The only room that sees several stages: normalize → store (the commit) → correlate → (answered) →
 * timeline → expect → detect → store → push and alert. `ingest.ts` has the first half of that
 * order, `projection/index.ts` the second.
 */
export interface Engine extends Ingest {
  /** Catches up with spans whose flows were not written before the last stop. */
  start(): Promise<void>;
  /** Flow rows were lost, and are not projected again yet. */
  readonly lacksRows: boolean;
  /**
   * Begins to project them again, or `all`; once whoever is told of flows knows what was said of
   * them before.
   */
  rebuild(all: boolean): void;
  /** Resolves when no write is under way. */
  idle(): Promise<void>;
  /**
   * No answer waits any more for flows to be projected. Before whoever awaits answers is stopped.
   */
  releaseBackpressure(): void;
  /** Writes what is projected so far. Idempotent. */
  stop(): Promise<void>;
  readonly openFlows: number;
  readonly correlator: Pick<Correlator, 'spansInMemory'>;
  readonly clocks: Clocks;
  readonly expectations: Expectations;
  readonly definitions: DefinitionDesk;
  /** An operator says that what an incident misses comes no more. */
  accept(gone: Pick<Incident, 'environment' | 'flowType' | 'step' | 'service'>): Promise<boolean>;
}

export interface EngineOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: EngineStore;
  normalizer: Normalizer;
  /**
   * What the engine evaluates flows by, and lets learn from them. It is stopped with the engine.
   */
  expectations: Expectations;
  sink: EngineSink;
  /** Idle time after which a flow whose end nobody declares counts as ended, ms. */
  settleMs: number;
  /** Idle time after which a flow is evicted from memory, ms. */
  idleBeforeEvictionMs: number;
  /** false: flows are only projected; nothing is learned, awaited or judged. */
  expects: boolean;
  /** From the operator's files. */
  definitions: readonly Definition[];
  queryRules: readonly QueryRule[];
  requestFlows: ProjectionOptions['requestFlows'];
  runQuietMs?: ProjectionOptions['runQuietMs'];
  evictedNamesLines?: CorrelatorOptions['evictedNamesLines'];
}

export interface EngineSink extends FlowSink {
  /** No flow row that was lost is missing any more. */
  rebuilt(): void;
}

/** With labels of their own at /metrics; the furthest. */
const MAX_CLOCKS_SHOWN = 100;

export function createEngine(options: EngineOptions): Engine {
  const { clock, counters, log, store, sink, expectations } = options;
  const batches = createBatches();
  const grace = createDowntimeGrace(clock);
  const clocks = clocksOf(options);
  const correlator = createCorrelator(options);
  const assessor = createAssessor({ ...options, expectations, grace });
  const projection = createProjection({
    ...options,
    correlator,
    clocks,
    assess: (flow) => assessor.assess(flow),
    correlatedBatch: () => batches.lastCorrelated,
    rehydrate: async (flows) => (await reloads.add([], flows)) ?? [],
    forget: (id) => expectations.forget(id),
  });
  expectations.reconsider.listen((ids) => projection.projector.reevaluate(ids));
  const restore = restorerOf(options.normalizer);
  const reloads = createReloads({
    ...{ clock, counters, store, correlator },
    restore: ({ members, ...flow }) => ({ ...flow, members: restore(members) }),
    add: (spans, reload) => projection.projector.add(spans, reload),
  });
  const rebuild = createRebuild({
    ...{ clock, counters, log, store, reloads, correlator, projection, restore, assessor },
    onDone: () => sink.rebuilt(),
  });
  const learned = createLearnedSaver({ clock, log, store, expectations, clocks });
  /** More is known now of everything under way of these flow types. */
  const judgeAgain = async (types: ReadonlySet<string>): Promise<void> => {
    for await (const flows of store.openFlows())
      projection.projector.reevaluate(
        flows.filter(({ type }) => types.has(type)).map(({ id }) => id),
      );
  };
  const definitions = createDefinitionDesk({
    clock,
    counters,
    log,
    store,
    expectations,
    judgeAgain,
  });
  const ingest = createIngest({
    ...options,
    definitions,
    expectations,
    batches,
    reloads,
    projection,
  });

  return {
    ...ingest,
    correlator,
    clocks,
    expectations,
    definitions,
    get openFlows() {
      return projection.projector.openFlows.size;
    },
    async accept({ environment, flowType, step, service }) {
      if (step === null || !expectations.accept(environment, flowType, step, service)) return false;
      await learned.save();
      await judgeAgain(new Set([flowType]));
      return true;
    },
    async start() {
      await definitions.load(options.definitions);
      await learned.load();
      learned.start();
      const names = correlator;
      await recover({
        log,
        store,
        names,
        expectations,
        batches,
        grace,
        projection,
        reloads,
        restore,
      });
    },
    get lacksRows() {
      return store.losses?.due ?? false;
    },
    rebuild: (all) => rebuild.start(all),
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
      reloads.releaseBackpressure();
      // It may wait for a row that the store does not take: that ends with the projection.
      const rebuilt = rebuild.stop();
      await reloads.idle();
      await projection.stop();
      await rebuilt;
      await learned.stop();
      expectations.stop();
      projection.projector.stop();
    },
  };
}

function clocksOf({ clock, counters, log }: EngineOptions): Clocks {
  const clocks = createClocks({
    now: () => clock.now(),
    onVerdict: ({ aheadMs, ...whose }) =>
      log.warn(
        { ...whose, aheadMs },
        aheadMs === 0 ? 'a clock is right again' : 'a clock is wrong',
      ),
  });
  counters.gauge('fermata_clock_ahead_milliseconds', () =>
    clocks
      .wrong()
      .slice(0, MAX_CLOCKS_SHOWN)
      .map(({ aheadMs, ...labels }) => ({ labels, value: aheadMs })),
  );
  counters.gauge('fermata_server_clock_behind_milliseconds', () => clocks.serverBehindMs);
  return clocks;
}

/** Stored spans as they were when they were received. */
function restorerOf(normalizer: Normalizer): (stored: StoredSpan[]) => Span[] {
  const spanOf = (stored: StoredSpan): Span | null =>
    stored.span
      ? normalizer.span(stored.span, stored.receivedAtMs).span
      : (normalizer.event(stored.log, stored.receivedAtMs, stored)?.span ?? null);
  return (list) => list.flatMap((stored) => spanOf(stored) ?? []);
}

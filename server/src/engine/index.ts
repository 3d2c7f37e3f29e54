import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import { createCorrelator, type Correlator, type CorrelatorOptions } from '../correlate/index.ts';
import type { Expectations } from '../expect/index.ts';
import type { Definition } from '../model/definition.ts';
import type { Incident } from '../model/incident.ts';
import type { KeptLogs } from '../model/log-record.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { Span } from '../model/span.ts';
import type { Normalizer } from '../normalize/index.ts';
import type { EngineStore, StoredSpan } from '../store/index.ts';
import { createClocks, createLearnedNames, type Clocks } from '../timeline/index.ts';
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

/**
 * The engine is the only part that sees several stages. A request is normalized, committed to the
 * store and correlated; then the sender is answered. After that, changed flows are projected into
 * timelines, evaluated against expectations, judged by rules, written to the store, and pushed to
 * dashboards and alerts. `ingest.ts` has the stages up to the answer, `projection/index.ts` those
 * after it.
 */
export interface Engine extends Ingest {
  /**
   * Loads what is stored, and correlates the spans whose flows were not written before the last
   * stop.
   */
  start(): Promise<void>;
  /** True while lost flow rows have not been rebuilt. */
  readonly lacksRows: boolean;
  /**
   * Begins to rebuild lost flow rows, or every flow row if `all` is true. Must be called only after
   * the receivers of flows have loaded what they knew before the restart.
   */
  rebuild(all: boolean): void;
  /** Resolves when no flows are being rehydrated, projected, written or rebuilt. */
  idle(): Promise<void>;
  /**
   * Answers to senders no longer wait until flows are projected. Must be called before the server
   * that sends those answers is stopped.
   */
  releaseBackpressure(): void;
  /** Projects and writes the remaining changes, then stops all parts of the engine. Idempotent. */
  stop(): Promise<void>;
  readonly openFlows: number;
  readonly correlator: Pick<Correlator, 'spansInMemory'>;
  readonly clocks: Clocks;
  readonly expectations: Expectations;
  readonly definitions: DefinitionDesk;
  /**
   * Records an operator's statement that the step which an incident reports as missing will not
   * come any more. Returns whether that changed an expectation.
   */
  accept(gone: Pick<Incident, 'environment' | 'flowType' | 'step' | 'service'>): Promise<boolean>;
  /**
   * Judges again what a changed rule may concern: all open flows, and flows with a finding of the
   * rule.
   */
  ruleChanged(name: string): Promise<void>;
}

export interface EngineOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: EngineStore;
  normalizer: Normalizer;
  /**
   * The engine evaluates flows by these expectations and lets them learn from flows. They are
   * stopped with the engine.
   */
  expectations: Expectations;
  sink: EngineSink;
  /** Idle time, ms, after which a flow without a declared end counts as ended. */
  settleMs: number;
  /** Idle time, ms, after which a flow is evicted from memory. */
  idleBeforeEvictionMs: number;
  /** If false, flows are only projected; nothing is learned, awaited or judged. */
  expects: boolean;
  /** Flow definitions from the operator's files. */
  definitions: readonly Definition[];
  /** Returns the operator's rules, which may change while the server runs. */
  queryRules(): readonly QueryRule[];
  requestFlows: ProjectionOptions['requestFlows'];
  /** Which log records are kept beside the spans of their traces. */
  logs: KeptLogs;
  runQuietMs?: ProjectionOptions['runQuietMs'];
  evictedNamesLines?: CorrelatorOptions['evictedNamesLines'];
}

export interface EngineSink extends FlowSink {
  /** Called when all lost flow rows have been rebuilt. */
  rebuilt(): void;
}

/**
 * Maximum number of wrong clocks that are listed at /metrics, those with the largest error first.
 */
const MAX_CLOCKS_SHOWN = 100;

export function createEngine(options: EngineOptions): Engine {
  const { clock, counters, log, store, sink, expectations } = options;
  const batches = createBatches();
  const grace = createDowntimeGrace(clock);
  const clocks = clocksOf(options);
  const names = createLearnedNames();
  const correlator = createCorrelator(options);
  const assessor = createAssessor({ ...options, expectations, grace });
  const projection = createProjection({
    ...options,
    correlator,
    clocks,
    assess: (flow) => assessor.assess(names.named(flow)),
    correlatedBatch: () => batches.lastCorrelated,
    rehydrate: async (flows) => (await reloads.add([], flows)) ?? [],
    forget: (id) => expectations.forget(id),
  });
  expectations.reconsider.listen((ids) => projection.projector.reevaluate(ids));
  const restore = restorerOf(options.normalizer);
  const reloads = createReloads({
    ...{ clock, counters, store, correlator },
    restore: ({ members, ...flow }) => ({ ...flow, members: restore(members) }),
    add(spans, reload) {
      names.observe(spans);
      return projection.projector.add(spans, reload);
    },
  });
  const rebuild = createRebuild({
    ...{ clock, counters, log, store, reloads, correlator, projection, restore, assessor },
    onDone: () => sink.rebuilt(),
  });
  const learned = createLearnedSaver({ clock, log, store, expectations, clocks, names });
  /**
   * Projects and judges the open flows of these types again, because a definition or expectation of
   * these types has changed.
   */
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
    ruleChanged: (name) => judgeByRule(name, store, (ids) => projection.projector.reevaluate(ids)),
    async start() {
      await definitions.load(options.definitions);
      await learned.load();
      learned.start();
      await recover({
        log,
        store,
        names: correlator,
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
      // The rebuild may be waiting for a write that the store rejects. Such a write is abandoned
      // when the projection stops, so the rebuild is awaited only after that.
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

/**
 * Returns a function that normalizes stored spans and events as of the time of their receipt. The
 * result is the same spans as at that time.
 */
function restorerOf(normalizer: Normalizer): (stored: StoredSpan[]) => Span[] {
  const spanOf = (stored: StoredSpan): Span | null =>
    stored.span
      ? normalizer.span(stored.span, stored.receivedAtMs).span
      : (normalizer.event(stored.log, stored.receivedAtMs, stored)?.span ?? null);
  return (list) => list.flatMap((stored) => spanOf(stored) ?? []);
}

const idOf = ({ id }: { id: string }): string => id;

async function judgeByRule(
  name: string,
  store: Pick<EngineStore, 'openFlows' | 'flowsWithFindings'>,
  reevaluate: (ids: string[]) => void,
): Promise<void> {
  for await (const flows of store.openFlows()) reevaluate(flows.map(idOf));
  for await (const flows of store.flowsWithFindings())
    reevaluate(flows.filter((flow) => flow.findings.some(({ rule }) => rule === name)).map(idOf));
}

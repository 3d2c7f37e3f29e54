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
 * The engine connects the stages. It normalizes a request, commits it to the store and correlates
 * its spans; then the sender is answered. Afterwards the changed flows are projected into
 * timelines, compared with expectations, checked by rules, written to the store, and published to
 * dashboards and alerts. `ingest.ts` implements the stages before the answer, and
 * `projection/index.ts` those after it.
 */
export interface Engine extends Ingest {
  /**
   * Loads the stored state, and correlates the committed spans whose flows had not been written
   * before the last stop.
   */
  start(): Promise<void>;
  /** True while rows of flows are lost and not rebuilt yet. */
  readonly lacksRows: boolean;
  /**
   * Begins to rebuild lost rows of flows, or all rows if `all` is true. Call this only after the
   * alerts have loaded their state from before the restart.
   */
  rebuild(all: boolean): void;
  /** Resolves when no flow is being rehydrated, projected, written or rebuilt. */
  idle(): Promise<void>;
  /**
   * Ends backpressure: requests are answered without waiting for projection. Must be called before
   * the HTTP server is stopped, which waits for its answers.
   */
  releaseBackpressure(): void;
  /**
   * Projects and writes the remaining changes, then stops all parts of the engine. A second call
   * has no effect.
   */
  stop(): Promise<void>;
  readonly openFlows: number;
  readonly correlator: Pick<Correlator, 'spansInMemory'>;
  readonly clocks: Clocks;
  readonly expectations: Expectations;
  readonly definitions: DefinitionDesk;
  /**
   * Records an operator's statement that the missing step of an incident will never come again.
   * Returns whether this changed an expectation.
   */
  accept(gone: Pick<Incident, 'environment' | 'flowType' | 'step' | 'service'>): Promise<boolean>;
  /**
   * Assesses again the flows that a changed rule may concern: all open flows, and flows with a
   * finding of this rule.
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
   * Expectations by which flows are evaluated, and which learn from flows. They are stopped with
   * the engine.
   */
  expectations: Expectations;
  sink: EngineSink;
  /** Time, ms, for which a flow without a declared end must be idle to count as ended. */
  settleMs: number;
  /** Time, ms, for which a flow must be idle before it is evicted from memory. */
  idleBeforeEvictionMs: number;
  /** If false, flows are only projected: no expectations are learned and no rules are applied. */
  expects: boolean;
  /** Flow definitions from the operator's files. */
  definitions: readonly Definition[];
  /** Returns the operator's rules, which may change while the server runs. */
  queryRules(): readonly QueryRule[];
  requestFlows: ProjectionOptions['requestFlows'];
  /** Which log records are stored, to be shown next to the spans of their traces. */
  logs: KeptLogs;
  runQuietMs?: ProjectionOptions['runQuietMs'];
  evictedNamesLines?: CorrelatorOptions['evictedNamesLines'];
}

export interface EngineSink extends FlowSink {
  /** Called when all lost rows of flows have been rebuilt. */
  rebuilt(): void;
}

/**
 * Maximum number of wrong clocks that are listed at /metrics. Clocks with the largest errors are
 * listed first.
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
   * Assesses again the open flows of these types, because one of their definitions or expectations
   * has changed.
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
      // Await the rebuild only after the projection has stopped. The rebuild may be waiting for a
      // write that the store rejects, and only the stop of the projection abandons this write.
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
 * Returns a function that normalizes stored spans and events again. It uses their original time of
 * receipt, so that the result is the same as at that time.
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

import { createAlerts, type Alerts, type AlertsOptions } from '../alert/index.ts';
import { manualClock, type ManualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import type { Definition } from '../model/definition.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { Flow } from '../model/flow.ts';
import { emptyExport, type Attributes, type OtlpSpan } from '../model/otlp.ts';
import { createNormalizer } from '../normalize/index.ts';
import { createExpectations } from '../expect/index.ts';
import { createEngine, type Engine } from '../engine/index.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';

export type { Flow } from '../model/flow.ts';
export { ABSENCES, type Finding, type WaitingFor } from '../model/expectation.ts';
export { createGuard, type Channel, type Guard } from '../alert/index.ts';
export { systemClock } from '../base/clock.ts';
export { createCounters } from '../base/counters.ts';
export { silentLog } from '../base/log.ts';
export type { OtlpSpan, Attributes } from '../model/otlp.ts';
export { traceIdOf } from '../model/span.ts';
export { answerSchemas, type AnswerSchemas } from './answer-schemas.ts';

/**
 * Runs the whole engine with a manual clock and an in-memory store, so that hours of simulated time
 * take seconds. Test code only.
 */
export interface Lab {
  readonly clock: ManualClock;
  readonly alerts: Alerts | null;
  readonly flows: ReadonlyMap<string, { flow: Flow; version: number }>;
  /** Commits and correlates these spans as one request. */
  deliver(spans: OtlpSpan[]): Promise<void>;
  /** Advances the clock, and runs everything that becomes due. */
  advance(ms: number): Promise<void>;
  /** Stops the engine, and starts another one over the same store. */
  restart(): Promise<void>;
  /** Returns the learned model of a flow type. */
  learned(type: string): unknown;
  stop(): Promise<void>;
}

export interface LabOptions {
  startMs?: number;
  settleMs?: number;
  stuckFloorMs?: number;
  idleBeforeEvictionMs?: number;
  /** Whether flows are compared with expectations. Default: true. */
  expects?: boolean;
  onFlow?(flow: Flow): void;
  definitions?: readonly Definition[];
  queryRules?: readonly QueryRule[];
  alerts?: Pick<AlertsOptions, 'guard' | 'channels' | 'routes'>;
}

export async function createLab(options: LabOptions = {}): Promise<Lab> {
  const clock = manualClock(options.startMs);
  const store: MemoryStore = memoryStore(() => clock.now());
  const make = async (): Promise<Engine> => {
    const counters = createCounters();
    const settleMs = options.settleMs ?? 30_000;
    const floorMs = options.stuckFloorMs ?? 15_000;
    const pipeline = createEngine({
      clock,
      counters,
      expectations: createExpectations({ clock, counters, settleMs, floorMs }),
      settleMs,
      log: silentLog,
      store,
      normalizer: createNormalizer({ identityKeys: [], searchKeys: ['order.id'] }),
      idleBeforeEvictionMs: options.idleBeforeEvictionMs ?? 60_000,
      requestFlows: 'keep',
      logs: 'all',
      expects: options.expects ?? true,
      definitions: options.definitions ?? [],
      queryRules: () => options.queryRules ?? [],
      sink: {
        committed(flows, gone) {
          alerts?.observe(flows);
          alerts?.forget(gone);
        },
        watched: () => false,
        announce(changes) {
          for (const change of changes()) if ('flow' in change) options.onFlow?.(change.flow);
        },
        rebuilt: () => undefined,
      },
    });
    await pipeline.start();
    return pipeline;
  };
  const makeAlerts = async (): Promise<Alerts | null> => {
    if (!options.alerts) return null;
    const made = createAlerts({
      clock,
      counters: createCounters(),
      log: silentLog,
      store,
      random: () => 0.5,
      linkTo: (incident) => `http://fermata/incidents/${incident.id}`,
      onChanged: () => undefined,
      suspect: (finding, flow) => pipeline.expectations.explain(finding, flow),
      takenAfter: (...of) => pipeline.expectations.takenAfter(...of),
      valueKey: '',
      inhibitions: [],
      ...options.alerts,
    });
    await made.start();
    return made;
  };
  let alerts: Alerts | null = null;
  let pipeline = await make();
  alerts = await makeAlerts();
  return {
    clock,
    flows: store.flows,
    async deliver(spans) {
      const prepared = pipeline.prepare({ ...emptyExport(), spans });
      const written = await pipeline.write([prepared]);
      await written.correlate();
      await written.later?.(prepared);
    },
    async advance(ms) {
      clock.advance(ms);
      await pipeline.idle();
      await alerts?.idle();
    },
    async restart() {
      await pipeline.stop();
      await alerts?.stop();
      pipeline = await make();
      alerts = await makeAlerts();
    },
    learned: (type) => pipeline.expectations.inspect(type)[0]?.model,
    get alerts() {
      return alerts;
    },
    async stop() {
      await pipeline.stop();
      await alerts?.stop();
    },
  };
}

/** Converts an object to attributes in the form that the OTLP decoders return. */
export const attributes = (values: Record<string, string | number>): Attributes =>
  Object.entries(values).flat();

export { createStore } from '../store/index.ts';
export { someFlows, TWENTY_QUERIES } from './some-flows.ts';
export { parseQuery } from '../query/language/parse.ts';
export { matchesQuery } from '../model/search-match.ts';

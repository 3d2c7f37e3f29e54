import { manualClock, type ManualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import { createExpectations, definitionsFrom } from '../expect/index.ts';
import { emptyExport, type OtlpSpan } from '../model/otlp.ts';
import { spanIdOf } from '../model/span.ts';
import { unixNanos } from '../model/time.ts';
import { createNormalizer } from '../normalize/index.ts';
import { createEngine, type Engine, type EngineOptions } from '../engine/index.ts';
import type { Store } from '../store/index.ts';
import { memoryStore, type MemoryStore } from './memory-store.ts';

/** Runs an engine over an in-memory store, which can be made to wait or to fail. Test code only. */
export interface Bench {
  pipeline: Engine;
  store: MemoryStore;
  clock: ManualClock;
  /** Blocks writes of flow rows until `gate` resolves. With null, writes are no longer blocked. */
  hold: (gate: Promise<void> | null) => void;
  /** Sends one request with a one-step flow for each id. */
  place: (...ids: string[]) => Promise<void>;
  deliver: (...spans: OtlpSpan[]) => Promise<void>;
  span: (id: string, more?: Partial<OtlpSpan>) => OtlpSpan;
  advance: (ms: number) => Promise<void>;
}

export async function createBench({
  clock = manualClock(),
  store = memoryStore(() => clock.now()),
  names = (most) => store.names(most),
  namesOfOpenFlows = () => store.namesOfOpenFlows(),
  stuckFloorMs = 1000,
  ...more
}: Partial<
  EngineOptions & { clock: ManualClock; store: MemoryStore; stuckFloorMs: number } & Pick<
      Store,
      'names' | 'namesOfOpenFlows'
    >
> = {}): Promise<Bench> {
  let gate: Promise<void> | null = null;
  const counters = more.counters ?? createCounters();
  const settleMs = more.settleMs ?? 1000;
  const pipeline = createEngine({
    clock,
    counters,
    expectations: createExpectations({ clock, counters, settleMs, floorMs: stuckFloorMs }),
    log: silentLog,
    store: {
      ...store,
      names,
      namesOfOpenFlows,
      async insertFlows(...given) {
        await gate;
        await store.insertFlows(...given);
      },
    },
    normalizer: createNormalizer({ identityKeys: [], searchKeys: [] }),
    settleMs,
    idleBeforeEvictionMs: 60_000,
    expects: true,
    definitions: definitionsFrom({
      flows: { order: { steps: [{ name: 'ship', within: '5s' }] } },
    }).definitions,
    queryRules: () => [],
    requestFlows: 'keep',
    logs: 'errors',
    sink: NO_SINK,
    ...more,
  });
  await pipeline.start();
  const span = (id: string, more: Partial<OtlpSpan> = {}): OtlpSpan => {
    const at = unixNanos(BigInt(clock.now()) * 1_000_000n);
    return {
      resource: { attributes: ['service.name', 'shop'] },
      scopeName: '',
      traceId: id.padStart(32, '0'),
      spanId: id.padStart(16, '0'),
      parentSpanId: '',
      traceState: '',
      flags: 1,
      name: 'place',
      kind: 1,
      start: at,
      end: at,
      attributes: [
        'fermata.flow.id',
        id,
        'fermata.flow.type',
        'order',
        'fermata.step.name',
        'place',
      ],
      events: [],
      links: [],
      statusCode: 0,
      statusMessage: '',
      ...more,
    };
  };
  const deliver = async (...spans: OtlpSpan[]): Promise<void> => {
    const prepared = pipeline.prepare({ ...emptyExport(), spans });
    const written = await pipeline.write([prepared]);
    await written.correlate();
    await written.later?.(prepared);
  };
  return {
    pipeline,
    store,
    clock,
    hold(until) {
      gate = until;
    },
    span,
    deliver,
    place: (...ids) => deliver(...ids.map((id) => span(id))),
    async advance(ms) {
      for (let left = ms; left > 0; left -= 100) {
        clock.advance(100);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** A sink that ignores all flows. */
export const NO_SINK: EngineOptions['sink'] = {
  announce: () => undefined,
  committed: () => undefined,
  watched: () => false,
  rebuilt: () => undefined,
};

/** Returns this number of flow ids, for `place`. */
export const names = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i + 1).toString(16));

/** Returns the spans of the flow with this id, as the short ids that were passed to `span`. */
export const spansOf = (store: MemoryStore, flowId: string): string[] =>
  [...store.flows.values()]
    .filter(({ flow }) => flow.flowId === flowId)
    .flatMap(({ flow }) => flow.members.map((key) => spanIdOf(key).replace(/^0+/, '')))
    .sort();

import { expect, test } from 'vitest';
import { manualClock, type ManualClock } from './base/clock.ts';
import { createCounters } from './base/counters.ts';
import { silentLog } from './base/log.ts';
import { definitionsFrom } from './expect/index.ts';
import { emptyExport, type OtlpSpan } from './model/otlp.ts';
import { spanIdOf } from './model/span.ts';
import { unixNanos } from './model/time.ts';
import { createNormalizer } from './normalize/index.ts';
import { createPipeline, type Pipeline, type PipelineOptions } from './pipeline.ts';
import { memoryStore, type MemoryStore } from './store/testing/memory.ts';

interface Bench {
  pipeline: Pipeline;
  store: MemoryStore;
  clock: ManualClock;
  /** Rows are written only while it is null. */
  hold: (gate: Promise<void> | null) => void;
  /** One flow of one step each, in one request. */
  place: (...ids: string[]) => Promise<void>;
  deliver: (...spans: OtlpSpan[]) => Promise<void>;
  span: (id: string, more?: Partial<OtlpSpan>) => OtlpSpan;
  advance: (ms: number) => Promise<void>;
}

async function createBench(requestFlows: PipelineOptions['requestFlows'] = 'keep'): Promise<Bench> {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  let gate: Promise<void> | null = null;
  const pipeline = createPipeline({
    clock,
    counters: createCounters(),
    log: silentLog,
    store: {
      ...store,
      async insertFlows(...given) {
        await gate;
        await store.insertFlows(...given);
      },
    },
    normalizer: createNormalizer({ identityKeys: [], searchKeys: [] }),
    settleMs: 1000,
    stuckFloorMs: 1000,
    unloadMs: 60_000,
    expects: true,
    definitions: definitionsFrom({
      flows: { order: { steps: [{ name: 'ship', within: '5s' }] } },
    }).definitions,
    queryRules: [],
    requestFlows,
    announce: () => undefined,
    told: () => undefined,
    watched: () => false,
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
      attributes: ['fermata.flow.id', id, 'fermata.flow.type', 'order', 'fermata.step.name', 'place'],
      events: [],
      links: [],
      statusCode: 0,
      statusMessage: '',
      ...more,
    };
  };
  const deliver = async (...spans: OtlpSpan[]): Promise<void> => {
    const written = await pipeline.write([pipeline.prepare({ ...emptyExport(), spans })]);
    await written.correlate();
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

test('a deadline that falls into a write of rows is heard when the write is over', async () => {
  const { pipeline, store, hold, place, advance } = await createBench();
  await place('a1');
  await advance(1000);
  const rulesOf = (): string[] =>
    [...store.flows.values()]
      .filter(({ flow }) => flow.flowId === 'a1')
      .flatMap(({ flow }) => flow.findings.map(({ rule }) => rule));
  expect(rulesOf()).toEqual([]);
  let open = (): void => undefined;
  hold(new Promise((resolve) => (open = resolve)));
  await place('b2');
  // The write of b2's row hangs, a1 becomes due within it, and nothing arrives afterwards.
  await advance(6000);
  open();
  // A moment is left to spans.
  await advance(2000);
  expect(rulesOf()).toEqual(['missing-step']);
  await pipeline.stop();
});

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => (i + 1).toString(16));

test('who waits for flows to be drawn does not wait for the pause after a long write', async () => {
  const { pipeline, hold, place, advance } = await createBench();
  let open = (): void => undefined;
  hold(new Promise((resolve) => (open = resolve)));
  await place('a1');
  await advance(60_000);
  await place('b2');
  hold(null);
  open();
  await pipeline.idle();
  // Nothing is due for the next second, which spans may have to themselves.
  let answered = false;
  const answer = place(...names(10_500)).then(() => (answered = true));
  for (let i = 0; i < 50 && !answered; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(false);
  await advance(100);
  for (let i = 0; i < 50 && !answered; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(answered).toBe(true);
  await answer;
  await pipeline.stop();
}, 30_000);

test('who sends faster than flows are drawn waits for the answer: memory stays bounded', async () => {
  const { pipeline, hold, place, advance } = await createBench();
  let open = (): void => undefined;
  hold(new Promise((resolve) => (open = resolve)));
  let answered = false;
  const answer = place(...names(15_000)).then(() => (answered = true));
  await advance(20_000);
  // Two thousand are being written, and as many drawn meanwhile; eleven thousand are one thousand too many.
  expect(answered).toBe(false);
  hold(null);
  open();
  for (let i = 0; i < 100 && !answered; i++) await advance(1000);
  await answer;
  await pipeline.stop();
}, 30_000);

test.each([
  ['keep', ['event', 'failing request', 'flow', 'request']],
  ['failed', ['event', 'failing request', 'flow']],
  ['drop', ['event', 'flow']],
] as const)('request flows: %s', async (setting, kept) => {
  const { pipeline, store, deliver, span, advance } = await createBench(setting);
  const plain = { kind: 2, attributes: ['http.request.method', 'GET', 'http.route', '/orders'] };
  const sends = { kind: 4, attributes: ['messaging.system', 'nats', 'messaging.operation.type', 'send'] };
  await deliver(
    span('1', { ...plain, name: 'request' }),
    span('2', { ...plain, name: 'failing request', statusCode: 2 }),
    span('3', { ...sends, name: 'event' }),
    span('4', { name: 'flow' }),
  );
  await advance(1000);
  const nameOf = new Map([
    ['1', 'request'],
    ['2', 'failing request'],
    ['3', 'event'],
    ['4', 'flow'],
  ]);
  const names = (): string[] =>
    [...store.flows.values()]
      .map(({ flow }) => nameOf.get(spanIdOf(flow.members[0]!).replace(/^0+/, ''))!)
      .sort();
  expect(names()).toEqual(kept);
  // What is dropped now is a flow as soon as it sends a message.
  await deliver(span('5', { ...sends, traceId: '1'.padStart(32, '0'), parentSpanId: '1'.padStart(16, '0') }));
  await advance(2000);
  expect(names()).toContain('request');
  expect(
    [...store.flows.values()].find(({ flow }) => flow.hops.length === 1 && flow.spanCount === 2),
  ).toBeDefined();
  await pipeline.stop();
});

import { expect, test } from 'vitest';
import { manualClock, type ManualClock } from '../../base/clock.ts';
import type { Store } from '../../store/index.ts';
import { memoryStore, type MemoryStore } from '../../testing/memory-store.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { Attributes, OtlpLink, OtlpSpan } from '../../model/otlp.ts';
import { spanIdOf } from '../../model/span.ts';
import { unixNanos } from '../../model/time.ts';
import { flowIn } from '../../testing/builders.ts';
import { createBench, names, spansOf } from '../../testing/pipeline-bench.ts';

/** Wraps a store so that `told` is called after every completed insert. */
const telling = (
  store: MemoryStore,
  told: (changes: readonly FlowChange[], upTo: number) => void,
): MemoryStore => ({
  ...store,
  async insertFlows(changes, upTo, settlesAt) {
    await store.insertFlows(changes, upTo, settlesAt);
    told(changes, upTo);
  },
});

/**
 * Wraps a store so that it simulates a crash of the server: after the insert for which `isOver`
 * returns true, no insert completes any more.
 */
const dying = (
  store: MemoryStore,
  isOver: (changes: readonly FlowChange[]) => boolean,
): MemoryStore => {
  let crashed = false;
  return {
    ...store,
    async insertFlows(changes, upTo, settlesAt) {
      if (crashed) return new Promise<void>(() => undefined);
      await store.insertFlows(changes, upTo, settlesAt);
      crashed = isOver(changes);
    },
  };
};

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
  // The write of b2's row hangs. Meanwhile a1 becomes due for re-evaluation. No span arrives
  // afterwards that would start a cycle.
  await advance(6000);
  open();
  // Cycles pause to leave time for spans, so wait for the next cycle.
  await advance(2000);
  expect(rulesOf()).toEqual(['missing-step']);
  await pipeline.stop();
});

test('who waits for flows to be projected does not wait for the pause after a long write', async () => {
  const { pipeline, hold, place, advance } = await createBench();
  let open = (): void => undefined;
  hold(new Promise((resolve) => (open = resolve)));
  await place('a1');
  await advance(60_000);
  await place('b2');
  hold(null);
  open();
  await pipeline.idle();
  // The scheduler pauses for one second after a long write. A sender that waits for projection must
  // end this pause early.
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

test('who sends faster than flows are projected waits for the answer: memory stays bounded', async () => {
  const { pipeline, hold, place, advance } = await createBench();
  let open = (): void => undefined;
  hold(new Promise((resolve) => (open = resolve)));
  let answered = false;
  const answer = place(...names(15_000)).then(() => (answered = true));
  await advance(20_000);
  // Of 15,000 flows, 2,000 are being written and 2,000 are projected. The other 11,000 exceed the
  // limit of 10,000 waiting flows.
  expect(answered).toBe(false);
  hold(null);
  open();
  for (let i = 0; i < 100 && !answered; i++) await advance(1000);
  await answer;
  await pipeline.stop();
}, 30_000);

test('a flow whose names were forgotten is taken up again where a late span bears its id', async () => {
  const before = await createBench();
  await before.place('a1');
  await before.advance(1000);
  await before.pipeline.stop();
  const includes: [keys: string[], upTo: number][] = [];
  const { pipeline, store, deliver, span, advance } = await createBench({
    clock: before.clock,
    store: telling(before.store, (changes, upTo) => {
      includes.push([changes.map((change) => flowIn(change)?.flowId ?? '').sort(), upTo]);
    }),
    // Simulates a store with more flows than the evicted-names filter can hold: the filter contains
    // no names.
    names: async () => ({ all: false, hashes: (async function* () {})() }),
  });
  const late = { attributes: ['fermata.flow.id', 'a1', 'fermata.flow.type', 'order'] };
  await deliver(span('c3', late), span('b2'));
  await advance(2000);
  expect(spansOf(store, 'a1')).toEqual(['a1', 'c3']);
  expect(spansOf(store, 'b2')).toEqual(['b2']);
  // The batch must not count as included before both flows are written. Otherwise a crash in
  // between would lose one of them, because included batches are not replayed.
  expect(includes, 'rows include the batch once all of it is written').toEqual([[['a1', 'b2'], 2]]);
  await pipeline.stop();
});

test('of a server that runs for long, names of open flows are never forgotten', async () => {
  const asked: number[] = [];
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const { pipeline, deliver, span, place, advance } = await createBench({
    clock,
    store,
    // Each generation of the filter holds sixteen names, but the thirty open flows have four times
    // as many.
    evictedNamesLines: [1],
    idleBeforeEvictionMs: 1000,
    names(most) {
      asked.push(most);
      return store.names(most);
    },
    namesOfOpenFlows() {
      asked.push(0);
      return store.namesOfOpenFlows();
    },
  });
  await place('a1');
  for (let i = 0; i < 30; i++) {
    await place(`b${i}`);
    await advance(3000);
  }
  expect(asked[0]).toBe(16);
  expect(asked.length).toBeGreaterThan(2);
  expect(new Set(asked.slice(1)), 'names of open flows').toEqual(new Set([0]));
  // This span has no flow id. It finds the evicted flow a1 only by the name of its trace.
  await deliver(
    span('c3', {
      traceId: 'a1'.padStart(32, '0'),
      parentSpanId: 'a1'.padStart(16, '0'),
      attributes: [],
    }),
  );
  await advance(2000);
  expect(spansOf(store, 'a1')).toEqual(['a1', 'c3']);
  await pipeline.stop();
});

test('who stops does not wait for a store that refuses', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const { pipeline, place, advance } = await createBench({
    clock,
    store: { ...store, insertFlows: () => Promise.reject(new Error('no room')) },
  });
  let answered = false;
  const answer = place(...names(15_000)).then(() => (answered = true));
  await advance(5000);
  expect(answered).toBe(false);
  pipeline.releaseBackpressure();
  await answer;
  let stopped = false;
  const stop = pipeline.stop().then(() => (stopped = true));
  for (let i = 0; i < 10 && !stopped; i++) await advance(1000);
  expect(stopped).toBe(true);
  await stop;
  expect((await store.watermarks()).derivedBatch, 'all of it is replayed').toBe(0);
}, 30_000);

test.each([
  ['keep', ['event', 'failing request', 'flow', 'request']],
  ['failed', ['event', 'failing request', 'flow']],
  ['drop', ['event', 'flow']],
] as const)('request flows: %s', async (setting, kept) => {
  const { pipeline, store, deliver, span, advance } = await createBench({ requestFlows: setting });
  const plain = { kind: 2, attributes: ['http.request.method', 'GET', 'http.route', '/orders'] };
  const sends = {
    kind: 4,
    attributes: ['messaging.system', 'nats', 'messaging.operation.type', 'send'],
  };
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
  // A trace that was dropped as a mere request is kept once it sends a message.
  await deliver(
    span('5', { ...sends, traceId: '1'.padStart(32, '0'), parentSpanId: '1'.padStart(16, '0') }),
  );
  await advance(2000);
  expect(names()).toContain('request');
  expect(
    [...store.flows.values()].find(({ flow }) => flow.hops.length === 1 && flow.spanCount === 2),
  ).toBeDefined();
  await pipeline.stop();
});

/**
 * Simulates a store with more flows than the evicted-names filter can hold: the filter contains no
 * names.
 */
const forgotten: Store['names'] = async () => ({ all: false, hashes: (async function* () {})() });
/** Returns the spans of each flow, by flow id, or by trace if the flow has no id. */
const flowsIn = (store: MemoryStore): Record<string, string[]> =>
  Object.fromEntries(
    [...store.flows.values()].map(({ flow }) => [
      flow.flowId || flow.id.replace(/^0+/, ''),
      flow.members.map((key) => spanIdOf(key).replace(/^0+/, '')).sort(),
    ]),
  );
const ORDER_A1 = { attributes: ['fermata.flow.id', 'a1', 'fermata.flow.type', 'order'] };
const inTrace = (trace: string): { traceId: string; attributes: string[] } => ({
  traceId: trace.padStart(32, '0'),
  attributes: [],
});
/** Creates a store that contains one flow, a1. */
const withA1 = async (
  attributes: string[] = ORDER_A1.attributes,
): Promise<{ clock: ManualClock; store: MemoryStore }> => {
  const { span, deliver, advance, pipeline, clock, store } = await createBench();
  await deliver(span('a1', { attributes }));
  await advance(1000);
  await pipeline.stop();
  return { clock, store };
};

test('rows include a batch only with what was taken up in an earlier part of its round', async () => {
  const { clock, store } = await withA1();
  const included: [hasA1: boolean, upTo: number][] = [];
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    names: forgotten,
    store: telling(store, (changes, upTo) => {
      included.push([changes.some((change) => flowIn(change)?.flowId === 'a1'), upTo]);
    }),
  });
  await deliver(span('c3', ORDER_A1), ...names(2500).map((n) => span(`b${n}`)));
  await advance(10_000);
  expect(included.filter(([, upTo]) => upTo === 2)).not.toEqual([]);
  const first = included.findIndex(([hasA1]) => hasA1);
  expect(included.slice(0, first).filter(([, upTo]) => upTo === 2)).toEqual([]);
  await pipeline.stop();
});

test('a crash never leaves a name gone and its spans in no row', async () => {
  const { clock, store } = await withA1();
  let crashed = false;
  const { deliver, span, advance } = await createBench({
    clock,
    names: forgotten,
    store: dying(store, (changes) => (crashed = changes.some(({ kind }) => kind !== 'flow'))),
  });
  await deliver(span('d4', { attributes: [] }));
  await advance(2000);
  // The trace d4 has no flow id until this child span assigns it to flow a1. The flow that was
  // named after the trace becomes a tombstone.
  const child = { traceId: 'd4'.padStart(32, '0'), parentSpanId: 'd4'.padStart(16, '0') };
  await deliver(span('e5', { ...ORDER_A1, ...child }));
  await advance(3000);
  expect(crashed).toBe(true);
  const after = await createBench({ clock, store });
  await after.advance(3000);
  expect(flowsIn(store)).toEqual({ a1: ['a1', 'd4', 'e5'] });
  await after.pipeline.stop();
});

test('a name that is gone is written with whatever has its spans now, not before', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const parts: [tombstones: number, spansOfHome: number][] = [];
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    store: telling(store, (changes) => {
      const tombstones = changes.filter(({ kind }) => kind !== 'flow').length;
      const home = changes.map(flowIn).find((flow) => flow?.flowId === 'ffff');
      parts.push([tombstones, home?.spanCount ?? 0]);
    }),
  });
  await deliver(span('d4', { attributes: [] }));
  await advance(2000);
  parts.length = 0;
  // The flow that was named after the trace is projected first, and the flow that has its spans now
  // is projected last.
  const child = { traceId: 'd4'.padStart(32, '0'), parentSpanId: 'd4'.padStart(16, '0') };
  const attributes = ['fermata.flow.id', 'ffff', 'fermata.flow.type', 'order'];
  await deliver(span('c3', { ...child, attributes: [] }));
  await deliver(...names(4500).map((n) => span(`b${n}`)));
  await deliver(span('e5', { ...child, attributes }));
  await advance(10_000);
  expect(parts.length).toBeGreaterThan(1);
  const tombstone = parts.findIndex(([tombstones]) => tombstones > 0);
  const home = parts.findIndex(([, count]) => count === 3);
  expect(tombstone).toBeGreaterThanOrEqual(home);
  await pipeline.stop();
});

test('what is taken up is shared out where its spans belong to different flows by now', async () => {
  const link = { ...inTrace('05'), spanId: '05'.padStart(16, '0'), traceState: '' };
  const messaging = (operation: string): string[] => [
    'messaging.system',
    'nats',
    'messaging.operation.type',
    operation,
  ];
  const before = await createBench();
  await before.deliver(
    before.span('a1', { kind: 5, attributes: messaging('process'), links: [link] }),
  );
  await before.advance(1000);
  await before.pipeline.stop();
  const { clock, store } = before;
  const written: string[][] = [];
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    names: forgotten,
    store: telling(store, () => {
      written.push(Object.values(flowsIn(store)).flat().sort());
    }),
  });
  await deliver(span('5', { kind: 4, attributes: messaging('send') }), span('c3', inTrace('a1')));
  await advance(5000);
  expect(flowsIn(store)).toEqual({ '5': ['5', 'a1'], a1: ['c3'] });
  expect(written, 'never is a span in no row').toEqual(written.map(() => ['5', 'a1', 'c3']));
  await pipeline.stop();
});

test('what is taken up comes with all that decides together with it', async () => {
  const before = await createBench();
  const messaging = (operation: string, ...more: Attributes): Attributes =>
    ['messaging.system', 'nats', 'messaging.operation.type', operation, ...more] as Attributes;
  const sends = (id: string, flow: string): OtlpSpan =>
    before.span(id, {
      kind: 4,
      attributes: [...messaging('send'), 'fermata.flow.id', flow, 'fermata.flow.type', 'order'],
    });
  const link = (id: string): OtlpLink => ({ ...inTrace(id), spanId: id.padStart(16, '0') });
  await before.deliver(
    sends('d4', 'a1'),
    sends('e5', 'b2'),
    before.span('f6', {
      kind: 5,
      attributes: messaging('process', 'messaging.batch.message_count', 2),
      links: [link('d4'), link('e5')],
    }),
  );
  await before.advance(1000);
  await before.pipeline.stop();
  const { clock, store } = before;
  const around = (): number[] =>
    ['a1', 'b2'].map(
      (id) => [...store.flows.values()].find(({ flow }) => flow.flowId === id)!.flow.context.length,
    );
  expect(around(), 'the batch belongs to neither').toEqual([1, 1]);
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    store,
    names: forgotten,
  });
  await deliver(span('c3', ORDER_A1));
  await advance(2000);
  expect(flowsIn(store)).toEqual({ a1: ['c3', 'd4'], b2: ['e5'] });
  expect(around()).toEqual([1, 1]);
  await pipeline.stop();
});

test('a trickle of old flows does not hold back what rows include', async () => {
  const before = await createBench();
  await before.place(...names(20).map((n) => `a${n}`));
  await before.advance(1000);
  await before.pipeline.stop();
  const { clock, store } = before;
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    store,
    names: forgotten,
  });
  for (const n of names(20)) {
    await deliver(
      span(`c${n}`, { attributes: ['fermata.flow.id', `a${n}`, 'fermata.flow.type', 'order'] }),
    );
    await advance(400);
    const { lastBatch, derivedBatch } = await store.watermarks();
    expect(lastBatch - derivedBatch).toBeLessThan(3);
  }
  await pipeline.stop();
});

test.each(['reads', 'writes'] as const)(
  'what a store refused while the server stopped is replayed: %s',
  async (what) => {
    const clock = manualClock();
    const store = memoryStore(() => clock.now());
    let refusals = Infinity;
    const refuse = (): Promise<never> | null =>
      refusals-- > 0 ? Promise.reject(new Error('no memory')) : null;
    const { place, advance, pipeline } = await createBench({
      clock,
      names: forgotten,
      store: {
        ...store,
        loadByIds: (ids) => (what === 'reads' ? refuse() : null) ?? store.loadByIds(ids),
        insertFlows: (...given) =>
          (what === 'writes' ? refuse() : null) ?? store.insertFlows(...given),
      },
    });
    await place('a1');
    await advance(1000);
    await place('b2');
    await advance(100);
    const stop = pipeline.stop();
    // The store refuses the next write, and then recovers.
    refusals = 1;
    await advance(3000);
    await stop;
    const after = await createBench({ clock, store });
    await after.advance(3000);
    expect(flowsIn(store)).toEqual({ a1: ['a1'], b2: ['b2'] });
    await after.pipeline.stop();
  },
);

test('a large flow that is projected less often is not said to be included before it is', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const { deliver, span, advance, pipeline } = await createBench({ clock, store });
  const child = (n: string): OtlpSpan =>
    span(n, { ...inTrace('a1'), parentSpanId: 'a1'.padStart(16, '0') });
  const size = (): number => flowsIn(store)['a1']?.length ?? 0;
  await deliver(span('a1'), ...names(20_000).map((n) => child(`f${n.padStart(6, '0')}`)));
  await advance(300);
  expect(size()).toBe(20_001);
  await deliver(child('e5'), span('b2'));
  await advance(500);
  expect(flowsIn(store)['b2'], 'others do not wait for it').toEqual(['b2']);
  expect([size(), (await store.watermarks()).derivedBatch]).toEqual([20_001, 1]);
  await advance(1500);
  expect([size(), (await store.watermarks()).derivedBatch]).toEqual([20_002, 2]);
  await deliver(child('e6'));
  await pipeline.stop();
  expect(size(), 'nor put off at the stop').toBe(20_003);
}, 30_000);

test.each([0, 1, 2, 3])(
  'a name that goes in the middle of a round leaves no span behind: %i',
  async (turns) => {
    const clock = manualClock();
    const store = memoryStore(() => clock.now());
    const hasTrace = (): boolean => store.flows.has('d4'.padStart(32, '0'));
    let armed = false;
    const { deliver, span, advance } = await createBench({
      clock,
      store: dying(store, () => armed && !hasTrace()),
    });
    await deliver(span('d4', { attributes: [] }));
    await advance(2000);
    armed = true;
    const child = { traceId: 'd4'.padStart(32, '0'), parentSpanId: 'd4'.padStart(16, '0') };
    const attributes = ['fermata.flow.id', 'ffff', 'fermata.flow.type', 'order'];
    await deliver(...names(300).map((n) => span(`b${n}`)));
    await deliver(span('c3', { ...child, attributes: [] }));
    clock.advance(1000);
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    await deliver(span('e5', { ...child, attributes }));
    await advance(5000);
    expect(hasTrace()).toBe(false);
    const after = await createBench({ clock, store });
    await after.advance(3000);
    expect(flowsIn(store)['ffff']).toEqual(['c3', 'd4', 'e5']);
    await after.pipeline.stop();
  },
);

test('a span that moves to a flow which is put off stays in a row meanwhile', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const isPlaced = (id: string): boolean => Object.values(flowsIn(store)).flat().includes(id);
  let armed = false;
  const { deliver, span, advance } = await createBench({
    clock,
    store: dying(store, () => armed && !isPlaced('d5')),
  });
  const large = { attributes: ['fermata.flow.id', 'ffff', 'fermata.flow.type', 'order'] };
  const under = (trace: string, parent: string): Partial<OtlpSpan> => ({
    ...inTrace(trace),
    parentSpanId: parent.padStart(16, '0'),
  });
  await deliver(
    span('fff0', large),
    ...names(20_000).map((n) => span(`f${n.padStart(6, '0')}`, under('fff0', 'fff0'))),
    span('d4', ORDER_A1),
    span('e5', under('d4', 'd4')),
    span('d5', under('d4', 'e5')),
  );
  await advance(300);
  armed = true;
  // Span e5 is sent again, now with the id of the large flow. So e5 and its child d5 move to the
  // large flow.
  const end = unixNanos(BigInt(clock.now() + 5) * 1_000_000n);
  await deliver({
    ...span('e5', { ...under('d4', 'd4'), ...large }),
    ...inTrace('d4'),
    ...large,
    end,
  });
  clock.advance(250);
  await new Promise((resolve) => setImmediate(resolve));
  await deliver(span('c1', under('d4', 'd4')));
  await advance(300);
  expect(isPlaced('d5')).toBe(true);
  await advance(3000);
  expect(flowsIn(store)['a1']).toEqual(['c1', 'd4']);
  expect(isPlaced('d5')).toBe(true);
}, 30_000);

test('of what belongs together nothing is written where the store refused a part of it', async () => {
  const { clock, store } = await withA1();
  let refuses = false;
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    names: forgotten,
    store: {
      ...store,
      loadByIds: (ids) => (refuses ? Promise.reject(new Error('no memory')) : store.loadByIds(ids)),
    },
  });
  await deliver(span('d4', { attributes: [] }));
  await advance(2000);
  const child = { traceId: 'd4'.padStart(32, '0'), parentSpanId: 'd4'.padStart(16, '0') };
  await deliver(span('e5', { ...ORDER_A1, ...child }));
  refuses = true;
  await pipeline.stop();
  const after = await createBench({ clock, store });
  await after.advance(3000);
  expect(flowsIn(store)).toEqual({ a1: ['a1', 'd4', 'e5'] });
  await after.pipeline.stop();
});

test('a request flow that is not wanted any more leaves no row of when it was', async () => {
  const { pipeline, store, deliver, span, advance } = await createBench({ requestFlows: 'drop' });
  const bus = (operation: string): string[] => [
    'messaging.system',
    'bus',
    'messaging.operation.type',
    operation,
    'messaging.destination.name',
    'orders',
  ];
  const inOne = (id: string, parent: string, more: object): ReturnType<typeof span> =>
    span(id, {
      traceId: 'f'.padStart(32, '0'),
      parentSpanId: parent.padStart(16, '0'),
      attributes: [],
      ...more,
    });
  const health = inOne('1', '9', { kind: 2, attributes: ['http.route', '/health'] });
  const send = inOne('3', '2', { kind: 4, attributes: bus('send') });
  const take = inOne('4', '3', { kind: 5, flags: 0x301, attributes: bus('process') });
  // This span arrives last, because it ends after its children. It assigns them to an order. Only
  // the health check remains in the request flow.
  const order = inOne('2', '9', {
    kind: 2,
    attributes: ['fermata.flow.id', 'a1', 'fermata.flow.type', 'order'],
  });
  await deliver(health, send, take);
  await advance(1000);
  expect(store.flows.size).toBe(1);
  await deliver(order);
  await advance(1000);
  await advance(1000);
  expect([...store.flows.values()].map(({ flow }) => [flow.flowId, flow.members.length])).toEqual([
    ['a1', 3],
  ]);
  await pipeline.stop();
});

test.each([
  ['without the type that is known', ['fermata.flow.type', 'order'], []],
  ['with the type that was not known', [], ['fermata.flow.type', 'order']],
])('of a forgotten flow, a late span is known by its id, %s', async (_, first, late) => {
  const id = ['fermata.flow.id', 'a1'];
  const { clock, store } = await withA1([...id, ...first]);
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    store,
    names: forgotten,
  });
  await deliver(span('c3', { attributes: [...id, ...late] }));
  await advance(3000);
  expect(flowsIn(store)).toEqual({ a1: ['a1', 'c3'] });
  expect([...store.flows.values()].map(({ flow }) => flow.type)).toEqual(['order']);
  await pipeline.stop();
});

test('of a forgotten flow, a late span is known by the name that it had before', async () => {
  const before = await createBench();
  const { clock, store } = before;
  await before.deliver(before.span('d4', { attributes: [] }));
  await before.advance(2000);
  const child = { traceId: 'd4'.padStart(32, '0'), parentSpanId: 'd4'.padStart(16, '0') };
  await before.deliver(before.span('e5', { ...child, ...ORDER_A1 }));
  await before.advance(3000);
  expect(flowsIn(store)).toEqual({ a1: ['d4', 'e5'] });
  await before.pipeline.stop();
  const { deliver, span, advance, pipeline } = await createBench({
    clock,
    store,
    names: forgotten,
  });
  await deliver(span('c3', { ...child, attributes: [] }));
  await advance(3000);
  expect(flowsIn(store)).toEqual({ a1: ['c3', 'd4', 'e5'] });
  await pipeline.stop();
});

test('what is quiet leaves memory, though nothing is written any more', async () => {
  const { pipeline, place, advance } = await createBench({ definitions: [] });
  await place(...names(2000));
  await advance(2000);
  expect(pipeline.correlator.spansInMemory).toBe(2000);
  await advance(75_000);
  expect(pipeline.correlator.spansInMemory).toBe(0);
  await pipeline.stop();
});

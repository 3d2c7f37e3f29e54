import { expect, test } from 'vitest';
import { createCounters, type Counters } from '../base/counters.ts';
import { manualClock } from '../base/clock.ts';
import { emptyExport, type OtlpSpan } from '../model/otlp.ts';
import { memoryStore, type MemoryStore } from '../testing/memory-store.ts';
import { createBench, spansOf } from '../testing/pipeline-bench.ts';

/** Lets all pending work finish that does not wait for a lookup in the store. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
};
const counted = (counters: Counters, name: string): number =>
  counters.read().find((counter) => counter.name === name)?.value ?? 0;

/** Creates an engine with evicted flows. Lookups in its store wait until the test calls `open`. */
async function withGate(): Promise<
  Awaited<ReturnType<typeof createBench>> & { counters: Counters; asked: number; open: () => void }
> {
  const clock = manualClock();
  const store: MemoryStore = memoryStore(() => clock.now());
  const counters = createCounters();
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const state = { asked: 0 };
  const bench = await createBench({
    clock,
    counters,
    idleBeforeEvictionMs: 1000,
    // Switch expectations off, so that no flow is rehydrated for re-evaluation. Only late spans
    // rehydrate flows here.
    expects: false,
    store: {
      ...store,
      async loadByNames(...given) {
        state.asked++;
        await gate;
        return store.loadByNames(...given);
      },
    },
  });
  await bench.place('a1', 'a2');
  await bench.advance(6000);
  expect(bench.pipeline.correlator.spansInMemory).toBe(0);
  return {
    ...bench,
    store,
    counters,
    open,
    get asked() {
      return state.asked;
    },
  };
}

test('who needs nothing of the store is answered while others wait for it, in the same commit and after it', async () => {
  const { pipeline, span, open, advance, store } = await withGate();
  const late = { attributes: ['fermata.flow.id', 'a1', 'fermata.flow.type', 'order'] };
  const requests = [span('c3', late), span('b1')].map((one) =>
    pipeline.prepare({ ...emptyExport(), spans: [one] }),
  );
  const written = await pipeline.write(requests);
  await written.correlate();
  expect(requests.map((request) => written.later?.(request) !== undefined)).toEqual([true, false]);
  let answered = false;
  const answer = written.later!(requests[0]!)!.then(() => (answered = true));
  const next = pipeline.prepare({ ...emptyExport(), spans: [span('b2')] });
  const after = await pipeline.write([next]);
  await after.correlate();
  expect(after.later?.(next)).toBeUndefined();
  await advance(1000);
  expect(answered).toBe(false);
  expect([spansOf(store, 'b1'), spansOf(store, 'b2')]).toEqual([['b1'], ['b2']]);
  expect(
    (await store.watermarks()).derivedBatch,
    'rows do not say that they include what waits',
  ).toBe(1);
  open();
  await answer;
  await advance(1000);
  expect(spansOf(store, 'a1')).toEqual(['a1', 'c3']);
  expect((await store.watermarks()).derivedBatch).toBe(4);
  await pipeline.stop();
});

test('what is added meanwhile is not joined to half a flow', async () => {
  const { pipeline, span, deliver, open, advance, store } = await withGate();
  const late = (id: string): OtlpSpan =>
    span(id, { attributes: ['fermata.flow.id', 'a1', 'fermata.flow.type', 'order'] });
  const first = deliver(late('c3'));
  const second = deliver(late('c4'));
  await advance(1000);
  expect(spansOf(store, 'a1')).toEqual(['a1']);
  open();
  await Promise.all([first, second]);
  await advance(1000);
  expect(spansOf(store, 'a1')).toEqual(['a1', 'c3', 'c4']);
  await pipeline.stop();
});

test('a stop waits for one look-up, no more: what was committed follows at the next start', async () => {
  const bench = await withGate();
  const { pipeline, span, deliver, open, store, clock } = bench;
  let answered = 0;
  const late = (id: string, of: string): Promise<number> =>
    deliver(span(id, { attributes: ['fermata.flow.id', of, 'fermata.flow.type', 'order'] })).then(
      () => ++answered,
    );
  const first = late('c3', 'a1');
  await settled();
  const second = late('c4', 'a2');
  await settled();
  pipeline.releaseBackpressure();
  const stopped = pipeline.stop();
  await settled();
  expect(answered, 'the engine is at work for one of them').toBe(0);
  open();
  await Promise.all([first, second, stopped]);
  expect(bench.asked).toBe(1);
  // The lookup that was running served the first late span. The second span was not looked up,
  // because the engine stopped.
  expect([spansOf(store, 'a1'), spansOf(store, 'a2')]).toEqual([['a1', 'c3'], ['a2']]);
  const again = await createBench({ clock, store });
  await again.advance(1000);
  expect([spansOf(store, 'a1'), spansOf(store, 'a2')]).toEqual([
    ['a1', 'c3'],
    ['a2', 'c4'],
  ]);
  await again.pipeline.stop();
});

test('what one name brings back is bounded and counted; from then on it brings nothing', async () => {
  const clock = manualClock();
  const store = memoryStore(() => clock.now());
  const counters = createCounters();
  const { pipeline, deliver, span, advance } = await createBench({
    clock,
    counters,
    store,
    idleBeforeEvictionMs: 1000,
  });
  const taken = (id: string, kind: number): OtlpSpan =>
    span(id, {
      kind,
      attributes: [
        'fermata.flow.id',
        id,
        'messaging.system',
        'kafka',
        'messaging.destination.name',
        'q',
        'messaging.message.id',
        'order-created',
      ],
    });
  const ids = Array.from({ length: 600 }, (_, i) => (i + 4096).toString(16));
  await deliver(...ids.map((id) => taken(id, 5)));
  await advance(20_000);
  expect(pipeline.correlator.spansInMemory).toBe(0);
  await deliver(taken('b1', 4));
  expect(counted(counters, 'fermata_reloaded_flows_total')).toBeLessThanOrEqual(1000);
  expect(counted(counters, 'fermata_reloads_cut_short_total')).toBe(1);
  await advance(20_000);
  const before = counted(counters, 'fermata_lookups_total');
  await deliver(taken('b2', 4), taken('b3', 5));
  expect(counted(counters, 'fermata_lookups_total')).toBe(before);
  expect([...store.flows.values()].every(({ flow }) => flow.spanCount === 1)).toBe(true);
  await pipeline.stop();
});

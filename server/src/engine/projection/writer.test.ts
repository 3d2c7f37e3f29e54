import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import type { Flow, FlowChange, Hop } from '../../model/flow.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { createStoreRetry } from './store-retry.ts';
import { createWriter, type WriterOptions } from './writer.ts';

const [plain] = someFlows(20, manualClock().now()).filter(({ hops }) => hops.length > 0) as [Flow];
const aHop = (sync: boolean): Hop => ({ ...plain.hops[0]!, sync });

/** Returns a request flow: it has only synchronous calls and no flow id. */
const request = (over: Partial<Flow> = {}): FlowChange => {
  const flow: Flow = { ...plain, id: 'r', flowId: '', hops: [aHop(true)], failedSteps: 0, ...over };
  return { kind: 'flow', id: flow.id, version: 2, flow };
};

function bench(requestFlows: WriterOptions['requestFlows'] = 'keep') {
  const clock = manualClock();
  const counters = createCounters();
  const retry = createStoreRetry(clock, counters, silentLog);
  const inserted: [changes: readonly FlowChange[], upTo: number][] = [];
  const state = { isDown: false };
  const writer = createWriter({
    clock,
    counters,
    retry,
    requestFlows,
    settlesAt: () => 0,
    store: {
      async insertFlows(changes, upTo) {
        if (state.isDown) throw new Error('down');
        inserted.push([changes, upTo]);
      },
    },
  });
  const counted = (name: string): number =>
    counters.read().find((one) => one.name === name)?.value ?? 0;
  return { writer, clock, retry, state, inserted, counted };
}

test('nothing is written where there is nothing to say', async () => {
  const { writer, inserted } = bench();
  writer.start(5);
  await expect(writer.write([], null)).resolves.toBeUndefined();
  await expect(writer.write([], 5)).resolves.toBeUndefined();
  expect([inserted, writer.derivedBatch]).toEqual([[], 5]);
});

test('a batch that changed no flow is still said to be included, by a row of no flow', async () => {
  const { writer, inserted } = bench();
  writer.start(5);
  await expect(writer.write([], 6)).resolves.toEqual([]);
  expect([writer.derivedBatch, writer.lastRows]).toEqual([6, 0]);
  expect(inserted).toMatchObject([[[{ kind: 'tombstone', id: '', movedTo: null }], 6]]);
});

test('where all traffic is dropped, such a row is written now and then, and at the end', async () => {
  const { writer, clock, inserted } = bench('drop');
  writer.start(5);
  const upTo = (): number[] => inserted.map(([, batch]) => batch);
  for (let batch = 6; batch <= 100; batch++) {
    await expect(writer.write([request()], batch)).resolves.toEqual([]);
    clock.advance(1000);
  }
  expect([upTo(), writer.derivedBatch]).toEqual([[6, 36, 66, 96], 100]);
  await writer.writeWatermark();
  await writer.writeWatermark();
  expect(upTo()).toEqual([6, 36, 66, 96, 100]);
});

test('rows of a batch of which more follows claim no more than those before', async () => {
  const { writer, inserted, counted } = bench();
  writer.start(5);
  const change = request();
  await expect(writer.write([change], null)).resolves.toEqual([change]);
  expect([inserted, writer.derivedBatch, writer.lastRows]).toEqual([[[[change], 5]], 5, 1]);
  expect(counted('fermata_flow_rows_total')).toBe(1);
});

test('of requests only those that failed are kept where the operator says so', async () => {
  const { writer, counted } = bench('failed');
  const failed = request({ id: 'failed', failedSteps: 1 });
  await expect(writer.write([request(), failed], 1)).resolves.toEqual([failed]);
  expect(counted('fermata_dropped_request_flows_total')).toBe(1);
});

test('of requests only those that somebody asked for are kept, where nobody says otherwise', async () => {
  const { writer, counted } = bench('served');
  const change = request();
  const unasked = { unasked: true as const };
  await expect(writer.write([change], null)).resolves.toEqual([change]);
  await expect(writer.write([request(unasked)], null)).resolves.toEqual([
    { kind: 'tombstone', id: 'r', version: 2, movedTo: null },
  ]);
  const named = request({ ...unasked, id: 'n', flowId: 'order-1' });
  await expect(writer.write([request({ ...unasked, id: 'u' }), named], null)).resolves.toEqual([
    named,
  ]);
  expect(counted('fermata_dropped_request_flows_total')).toBe(1);
});

test('what has an id or a message is no request, and is kept', async () => {
  const { writer } = bench('drop');
  const kept = [
    request({ id: 'named', flowId: 'order-1' }),
    request({ id: 'message', hops: [aHop(true), aHop(false)] }),
  ];
  await expect(
    writer.write([...kept, request({ id: 'failed', failedSteps: 1 })], 1),
  ).resolves.toEqual(kept);
});

test('a flow that is a request only since its message went to another leaves no row of before', async () => {
  const { writer } = bench('drop');
  await writer.write([request({ hops: [aHop(false)] })], 1);
  await expect(writer.write([request()], 2)).resolves.toEqual([
    { kind: 'tombstone', id: 'r', version: 2, movedTo: null },
  ]);
});

test('tombstones are written whatever is kept', async () => {
  const { writer } = bench('drop');
  const gone: FlowChange = { kind: 'tombstone', id: 'x', version: 2, movedTo: null };
  await expect(writer.write([gone], 1)).resolves.toEqual([gone]);
});

test('after rows were refused for good nothing more is written, and no batch is claimed', async () => {
  const { writer, retry, state, inserted } = bench();
  writer.start(5);
  state.isDown = true;
  retry.stop();
  await expect(writer.write([request()], 6)).resolves.toBeUndefined();
  state.isDown = false;
  await expect(writer.write([request()], 7)).resolves.toBeUndefined();
  expect([inserted, writer.derivedBatch, writer.lastRows]).toEqual([[], 5, 0]);
});

import type { FlowChanged, Resume, View, WatchAnswer } from '@fermata/server/contract';
import { expect, test, vi } from 'vitest';
import { createWatches, type WatchWire } from './watches.ts';

const settled = (): Promise<void> => new Promise((resolve) => queueMicrotask(resolve));
const watcherOf = (view: View) => ({ view, onChanges: vi.fn(), onLoad: vi.fn() });
const flow = (id: string): View => ({ kind: 'flow', id });
const flows = (...types: string[]): View => ({ kind: 'flows', types, statuses: [] });
const change = (sequence: number, id: string, type = 'order'): FlowChanged =>
  ({ sequence, id, version: 1, flow: { id, type }, movedTo: null }) as unknown as FlowChanged;

/** Makes a fake socket that records requests, and answers them when the test says so. */
function connection() {
  const asked: (Resume | 'unwatch')[] = [];
  const answers: ((answer: WatchAnswer) => void)[] = [];
  const wire: WatchWire = {
    emit(_event: string, resume?: Resume, answer?: (answer: WatchAnswer) => void) {
      asked.push(resume ?? 'unwatch');
      if (answer) answers.push(answer);
    },
  };
  const answer = (number: number, resumed: boolean): void =>
    answers.shift()!({ sequence: { epoch: 'e', number }, resumed });
  return {
    wire,
    asked,
    answer,
    views: () => asked.map((one) => (one === 'unwatch' ? one : one.view)),
  };
}

test('several watchers of one flow share a subscription, which ends with the last of them', async () => {
  const { wire, views } = connection();
  const watches = createWatches();
  watches.connected(wire);
  const [one, other] = [watcherOf(flow('a')), watcherOf(flow('a'))];
  const [stop, stopOther] = [watches.add(one), watches.add(other)];
  await settled();
  expect(views()).toEqual([flow('a')]);
  watches.changed([change(1, 'a')]);
  expect([one, other].map((watcher) => watcher.onChanges.mock.calls.length)).toEqual([1, 1]);

  stop();
  stop();
  await settled();
  watches.changed([change(2, 'a')]);
  expect([one, other].map((watcher) => watcher.onChanges.mock.calls.length)).toEqual([1, 2]);
  expect(views()).toEqual([flow('a')]);
  stopOther();
  await settled();
  expect(views()).toEqual([flow('a'), 'unwatch']);
});

test('different views are covered by one, and each watcher is handed what is in its own', async () => {
  const { wire, views } = connection();
  const watches = createWatches();
  watches.connected(wire);
  const [orders, refunds] = [watcherOf(flows('order')), watcherOf(flows('refund'))];
  watches.add(orders);
  const stop = watches.add(refunds);
  await settled();
  const one = watcherOf(flow('a'));
  const stopOne = watches.add(one);
  await settled();
  watches.changed([change(1, 'a'), change(2, 'b', 'refund')]);
  expect(orders.onChanges).toHaveBeenCalledWith([change(1, 'a')]);
  expect(refunds.onChanges).toHaveBeenCalledWith([change(2, 'b', 'refund')]);
  expect(one.onChanges).toHaveBeenCalledWith([change(1, 'a')]);
  // The flow `z` has been merged into the flow `a`. This concerns every list, and watchers of `a`.
  const moved = { ...change(3, 'z'), flow: null, movedTo: 'a' };
  watches.changed([moved]);
  for (const watcher of [orders, refunds, one])
    expect(watcher.onChanges).toHaveBeenLastCalledWith([moved]);
  stop();
  stopOne();
  await settled();
  expect(views()).toEqual([flows('order', 'refund'), flows(), flows('order')]);
});

test('a view that is loaded already is loaded again only if changes may be missing', async () => {
  const { wire, answer } = connection();
  const watches = createWatches();
  watches.connected(wire);
  const byKey = watcherOf(flow('order-7'));
  const stop = watches.add(byKey);
  await settled();
  answer(5, false);
  expect(byKey.onLoad).toHaveBeenCalledTimes(1);
  const byId = { ...watcherOf(flow('a')), isLoaded: true };
  watches.add(byId);
  stop();
  await settled();
  answer(6, true);
  expect(byId.onLoad).not.toHaveBeenCalled();
  watches.disconnected();
  watches.connected(wire);
  answer(9, false);
  expect(byId.onLoad).toHaveBeenCalledTimes(1);
});

test('pages that take turns are one question', async () => {
  const { wire, views } = connection();
  const watches = createWatches();
  watches.connected(wire);
  const stop = watches.add(watcherOf(flow('a')));
  await settled();
  const stopNext = watches.add(watcherOf(flow('b')));
  stop();
  await settled();
  stopNext();
  watches.add(watcherOf(flow('c')));
  await settled();
  expect(views()).toEqual([flow('a'), flow('b'), flow('c')]);
});

test('after a break it asks for what was missed, and loads again where that cannot be had', async () => {
  const first = connection();
  const watches = createWatches();
  const watcher = watcherOf(flows());
  watches.add(watcher);
  await settled();
  watches.connected(first.wire);
  first.answer(7, false);
  expect(first.asked).toEqual([{ view: flows(), since: null }]);
  expect(watcher.onLoad).toHaveBeenCalledTimes(1);
  watches.changed([change(8, 'a'), change(9, 'b')]);

  watches.disconnected();
  const second = connection();
  watches.connected(second.wire);
  expect(second.asked).toEqual([{ view: flows(), since: { epoch: 'e', number: 9 } }]);
  second.answer(12, true);
  expect(watcher.onLoad).toHaveBeenCalledTimes(1);
});

test('an answer for a view that is watched no more changes nothing', async () => {
  const { wire, answer, asked } = connection();
  const watches = createWatches();
  watches.connected(wire);
  const [old, next] = [watcherOf(flow('a')), watcherOf(flow('b'))];
  const stop = watches.add(old);
  await settled();
  stop();
  watches.add(next);
  await settled();
  answer(3, false);
  expect([old, next].map((watcher) => watcher.onLoad.mock.calls.length)).toEqual([0, 0]);
  answer(4, false);
  expect(next.onLoad).toHaveBeenCalledTimes(1);
  expect(asked).toHaveLength(2);
});

test('the first snapshot is loaded once: after the subscription, which has all later changes', async () => {
  const { wire, answer } = connection();
  const watches = createWatches();
  watches.connected(wire);
  const watcher = watcherOf(flows());
  watches.add(watcher);
  await settled();
  expect(watcher.onLoad).not.toHaveBeenCalled();
  answer(5, false);
  expect(watcher.onLoad).toHaveBeenCalledTimes(1);

  const [next, same] = [watcherOf(flow('a')), watcherOf(flows())];
  watches.add(same);
  await settled();
  expect(same.onLoad).toHaveBeenCalledTimes(1);
  watches.add(next);
  await settled();
  expect(next.onLoad).toHaveBeenCalledTimes(1);
});

test('a watcher of another view loads when the server has answered, the others do not', async () => {
  const { wire, answer } = connection();
  const watches = createWatches();
  watches.connected(wire);
  const one = watcherOf(flows('order'));
  watches.add(one);
  await settled();
  answer(5, false);
  const other = watcherOf(flows('refund'));
  watches.add(other);
  await settled();
  expect(other.onLoad).not.toHaveBeenCalled();
  answer(6, true);
  expect([one, other].map((watcher) => watcher.onLoad.mock.calls.length)).toEqual([1, 1]);
});

test('without a connection it is loaded after a short wait, and again when there is one', async () => {
  vi.useFakeTimers();
  try {
    const { wire, answer } = connection();
    const watches = createWatches();
    const [watcher, gone] = [watcherOf(flows()), watcherOf(flows())];
    watches.add(watcher);
    watches.add(gone)();
    await vi.advanceTimersByTimeAsync(149);
    expect(watcher.onLoad).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(watcher.onLoad).toHaveBeenCalledTimes(1);
    watches.connected(wire);
    answer(1, false);
    expect(watcher.onLoad).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(watcher.onLoad).toHaveBeenCalledTimes(2);
    expect(gone.onLoad).not.toHaveBeenCalled();
  } finally {
    vi.useRealTimers();
  }
});

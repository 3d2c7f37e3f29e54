import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import { createCorrelator } from '../../correlate/index.ts';
import { flowIdOf, flowKeyOf } from '../../model/keys.ts';
import { aSpan, type SpanSketch } from '../../testing/builders.ts';
import { NO_CLOCKS } from '../../testing/correlator-harness.ts';
import { createProjector, type ProjectorOptions } from './projector.ts';

function bench(more: Partial<ProjectorOptions> = {}) {
  const clock = manualClock();
  const counters = createCounters();
  const correlator = createCorrelator({ clock, counters, idleBeforeEvictionMs: 1000 });
  const told = { dirty: 0, away: [] as string[], settled: [] as string[] };
  const projector = createProjector({
    ...{ clock, counters, correlator, log: silentLog, clocks: NO_CLOCKS, settleMs: 1000 },
    onDirty: () => told.dirty++,
    onSettled: (ids) => told.settled.push(...ids),
    onAway: (ids) => told.away.push(...ids),
    assess: (flow) => flow,
    ...more,
  });
  const add = (...sketches: SpanSketch[]) => projector.add(sketches.map(aSpan));
  const gauge = (name: string): unknown =>
    counters.read().find((reading) => reading.name === name)?.value;
  return { clock, projector, told, add, gauge };
}
const order = (number: number, over: Partial<SpanSketch> = {}): SpanSketch => ({
  ...{ trace: `${number}`, id: `${number}`, role: 'send', flow: `order-${number}`, type: 'order' },
  ...over,
});
const idOf = (number: number): string => flowIdOf(flowKeyOf('', `order-${number}`, 'order'), 1);

test('changed flows are given once, in the order in which they changed, no more than asked for', () => {
  const { projector, told, add, gauge } = bench();
  expect(add(order(1), order(2))).toHaveLength(2);
  add(order(3));
  expect(told.dirty).toBe(2);
  expect([projector.flowsToProject, gauge('fermata_flows_to_write')]).toEqual([3, 3]);
  const first = projector.takeChanges(2);
  expect(first.list.map(({ id }) => id)).toEqual([idOf(1), idOf(2)]);
  expect([first.isAll, first.cycleEnds]).toEqual([false, false]);
  const second = projector.takeChanges(2);
  expect(second.list.map(({ id }) => id)).toEqual([idOf(3)]);
  expect([second.isAll, second.cycleEnds]).toEqual([true, true]);
  expect(projector.takeChanges().list).toEqual([]);
  // None of these changes is durable yet.
  expect(gauge('fermata_flows_to_write')).toBe(3);
  projector.written([...first.list, ...second.list]);
  expect(gauge('fermata_flows_to_write')).toBe(0);
});

test('a flow that spans moved out of is given together with the one that has them now', () => {
  const { projector, add } = bench();
  const taken: SpanSketch = { trace: '2', id: '2', role: 'process', parent: '9', remote: true };
  add(order(1), order(3), taken);
  const before = projector.takeChanges().list;
  expect(before.map(({ kind }) => kind)).toEqual(['flow', 'flow', 'flow']);
  // The missing parent arrives. It belongs to order 1, so its child moves there.
  add({ trace: '2', id: '9', role: 'send', flow: 'order-1', type: 'order' });
  const after = projector.takeChanges().list;
  expect(after).toMatchObject([
    { kind: 'flow', id: idOf(1), flow: { spanCount: 3 } },
    { kind: 'tombstone', id: before[2]!.id, movedTo: idOf(1) },
  ]);
});

test('flows are judged again although nothing arrived; those that are not in memory are told', () => {
  const { projector, told, add } = bench();
  add(order(1));
  projector.takeChanges();
  const before = told.dirty;
  projector.reevaluate(['unknown']);
  expect([told.dirty - before, told.away, projector.flowsToProject]).toEqual([0, ['unknown'], 0]);
  projector.reevaluate([idOf(1)]);
  expect([told.dirty - before, projector.flowsToProject]).toEqual([1, 1]);
  expect(projector.takeChanges().list.map(({ id }) => id)).toEqual([idOf(1)]);
});

test('single flows are projected at once, by key or by the id that they were shown as', () => {
  const { projector, add } = bench();
  const [first] = add(order(1), order(2), order(3));
  expect(projector.takeChangesOf([idOf(1)], []).list).toEqual([]);
  expect(projector.takeChangesOf([], [first!]).list.map(({ id }) => id)).toEqual([idOf(1)]);
  expect(projector.takeChangesOf([idOf(1)], [first!]).list.map(({ id }) => id)).toEqual([idOf(1)]);
  expect(projector.takeChanges().list.map(({ id }) => id)).toEqual([idOf(2), idOf(3)]);
});

test('versions of one row grow', () => {
  const { projector, add } = bench();
  add(order(1));
  const [first] = projector.takeChanges().list;
  projector.reevaluate([idOf(1)]);
  const [second] = projector.takeChanges().list;
  expect(second!.id).toBe(first!.id);
  expect(second!.version).toBeGreaterThan(first!.version);
});

test('an open flow is counted until it settles, and none is told once it stops', () => {
  const { clock, projector, told, add, gauge } = bench();
  const received = { received: clock.now() };
  add(order(1, { ...received, role: 'internal' }));
  projector.takeChanges();
  expect(gauge('fermata_open_flows')).toBe(1);
  clock.advance(1000);
  expect([told.settled, gauge('fermata_open_flows')]).toEqual([[idOf(1)], 0]);
  add(order(2, { received: clock.now(), role: 'internal' }));
  projector.takeChanges();
  projector.stop();
  clock.advance(10_000);
  expect(told.settled).toEqual([idOf(1)]);
});

test('a flow that cannot be judged keeps its row, and the others are projected', () => {
  const { projector, add, gauge } = bench({
    assess(flow) {
      if (flow.id === idOf(1)) throw new Error('a fault of ours');
      return flow;
    },
  });
  add(order(1), order(2));
  expect(projector.takeChanges().list.map(({ id }) => id)).toEqual([idOf(2)]);
  expect(gauge('fermata_drawing_failures_total')).toBe(1);
  expect(projector.flowsToProject).toBe(0);
});

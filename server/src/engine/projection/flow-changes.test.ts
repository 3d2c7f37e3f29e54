import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import { createCorrelator } from '../../correlate/index.ts';
import { flowIdOf, flowKeyOf, idTokenOf, type FlowKey } from '../../model/keys.ts';
import { aSpan, type SpanSketch } from '../../testing/builders.ts';
import { NO_CLOCKS } from '../../testing/correlator-harness.ts';
import { createFlowChanges, type FlowChangesOptions, type Taken } from './flow-changes.ts';
import { createShownFlows } from './shown-flows.ts';

function bench(more: Partial<FlowChangesOptions> = {}, hasForgottenNames = false) {
  const clock = manualClock();
  const counters = createCounters();
  const real = createCorrelator({ clock, counters, idleBeforeEvictionMs: 1000 });
  const correlator: FlowChangesOptions['correlator'] = {
    inputOf: (key) => real.inputOf(key),
    spanCountOf: (key) => real.spanCountOf(key),
    withWorthlessMarks: (flow) => real.withWorthlessMarks(flow),
    hasForgottenNames,
  };
  const shown = createShownFlows(clock, real);
  const tracked: string[] = [];
  const forgotten: string[] = [];
  const revised: FlowKey[] = [];
  const changes = createFlowChanges({
    ...{ counters, correlator, shown, log: silentLog, clocks: NO_CLOCKS },
    openFlows: {
      track: ({ id }) => void tracked.push(id),
      forget: (id) => void forgotten.push(id),
    },
    revisions: { projected: (key) => void revised.push(key) },
    assess: (flow) => flow,
    reviseClocks: () => false,
    ...more,
  });
  return {
    ...{ shown, tracked, forgotten, revised },
    failures: () =>
      counters.read().find(({ name }) => name === 'fermata_drawing_failures_total')?.value ?? 0,
    add: (...sketches: SpanSketch[]) => real.add(sketches.map(aSpan)),
    take: (key: FlowKey): Taken => {
      const taken: Taken = { list: [], unheard: { ids: [], names: [] } };
      changes.take(key, taken);
      return taken;
    },
  };
}
const key = flowKeyOf('', 'order-1', 'order');
const untyped = flowKeyOf('', 'order-1', '');
const id = flowIdOf(key, 1);
const order: SpanSketch = { trace: '1', id: '1', role: 'send', flow: 'order-1', type: 'order' };

test('a changed flow is shown, tracked and given in its newest form', () => {
  const { add, take, shown, tracked, revised } = bench();
  add(order);
  const { list, unheard } = take(key);
  expect(list).toMatchObject([{ kind: 'flow', id, flow: { id, type: 'order', spanCount: 1 } }]);
  expect([shown.idsOf(key), tracked, revised]).toEqual([[id], [id], [key]]);
  expect(unheard).toEqual({ ids: [], names: [] });
});

test('a name that the flow no longer has leaves a tombstone that leads to it', () => {
  const { add, take, shown, forgotten } = bench();
  add(order);
  shown.show(key, ['old', id]);
  const { list } = take(key);
  expect(list).toMatchObject([
    { kind: 'flow', id },
    { kind: 'tombstone', id: 'old', movedTo: id },
  ]);
  expect([forgotten, shown.keyOf('old'), shown.idsOf(key)]).toEqual([['old'], undefined, [id]]);
});

test('of a flow whose spans are gone only tombstones are left, in no flow where nobody has them', () => {
  const { take, shown, forgotten } = bench();
  shown.show(key, [id, `${id}.2`]);
  const { list } = take(key);
  expect(list).toMatchObject([
    { kind: 'tombstone', id, movedTo: null },
    { kind: 'tombstone', id: `${id}.2`, movedTo: null },
  ]);
  expect([forgotten, shown.idsOf(key)]).toEqual([[id, `${id}.2`], []]);
});

test('a fault of ours keeps the rows of the flow as they are', () => {
  const { add, take, shown, tracked, failures } = bench({
    assess() {
      throw new Error('a fault');
    },
  });
  add(order);
  shown.show(key, [id, 'old']);
  expect(take(key).list).toEqual([]);
  expect([failures(), tracked, shown.idsOf(key)]).toEqual([1, [], [id, 'old']]);
});

test('where names were forgotten, the store may have a flow that seems to be new, with and without its type', () => {
  const { add, take } = bench({}, true);
  add(order);
  expect(take(key).unheard).toEqual({ ids: [id, flowIdOf(untyped, 1)], names: [] });
  // After the first projection, the flow's id is known, so that the store need not be asked again.
  expect(take(key).unheard).toEqual({ ids: [], names: [] });
});

test('of a flow whose type nobody said, the store is asked for the id under whatever type', () => {
  const { add, take } = bench({}, true);
  add({ ...order, type: '' });
  expect(take(untyped).unheard).toEqual({
    ids: [flowIdOf(untyped, 1)],
    names: [idTokenOf('', 'order-1')],
  });
});

test('what the flow shows of a clock is true of itself: it is projected anew, once', () => {
  let revisions = 0;
  let assessed = 0;
  const { add, take } = bench({
    reviseClocks: () => ++revisions === 1,
    assess(flow) {
      assessed++;
      return flow;
    },
  });
  add(order);
  expect(take(key).list).toHaveLength(1);
  expect([revisions, assessed]).toEqual([1, 1]);
});

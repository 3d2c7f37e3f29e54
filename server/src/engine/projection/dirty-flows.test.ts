import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { flowKeyOf, type FlowKey } from '../../model/keys.ts';
import { createDirtyFlows, type DirtyFlows } from './dirty-flows.ts';

const [small, other, large] = ['small', 'other', 'large'].map((id) => flowKeyOf('', id, 't')) as [
  FlowKey,
  FlowKey,
  FlowKey,
];
/**
 * Number of spans in the large flow. With 0.05 ms for each span, the flow may be projected every
 * 200 ms.
 */
const SPANS = 4000;

function bench({ movedTo }: { movedTo?: FlowKey } = {}) {
  const clock = manualClock();
  const projectedAt = new Map<FlowKey, number>();
  const active: FlowKey[] = [];
  const dirty = createDirtyFlows(
    clock,
    {
      spanCountOf: (key) => (key === large ? SPANS : 1),
      markActive: (key) => void active.push(key),
    },
    {
      projectedAtMs: (key) => projectedAt.get(key),
      movedInto: (key) => (key === other && movedTo !== undefined ? [movedTo] : []),
    },
  );
  return { clock, projectedAt, active, dirty };
}
/** Takes all flows of the current cycle. Marks each as projected immediately. */
const taken = (dirty: DirtyFlows, all = false): FlowKey[] => {
  const keys: FlowKey[] = [];
  for (let key = dirty.next(all); key !== undefined; key = dirty.next(all)) {
    dirty.clear(key);
    keys.push(key);
  }
  return keys;
};

test('flows are taken in the order in which they became dirty, each once', () => {
  const { dirty, active } = bench();
  for (const key of [other, small, other]) dirty.mark(key);
  expect([dirty.size, dirty.has(other), dirty.has(large)]).toEqual([2, true, false]);
  dirty.begin();
  expect(taken(dirty)).toEqual([other, small]);
  expect(dirty.size).toBe(0);
  expect(active).toEqual([other, small, other]);
});

test('what becomes dirty in a cycle waits for the next one', () => {
  const { dirty } = bench();
  dirty.mark(small);
  dirty.mark(other);
  dirty.begin();
  expect(dirty.next(false)).toBe(small);
  dirty.clear(small);
  dirty.mark(large);
  // The first cycle is not finished, so `begin` continues it and does not start another one.
  dirty.begin();
  expect([dirty.isUnderWay, dirty.isComplete]).toEqual([true, false]);
  expect(taken(dirty)).toEqual([other]);
  expect([dirty.isUnderWay, dirty.isComplete]).toEqual([false, true]);
  dirty.begin();
  expect(taken(dirty)).toEqual([large]);
});

test('what was projected meanwhile, together with another flow, is not taken again', () => {
  const { dirty } = bench();
  dirty.mark(small);
  dirty.mark(other);
  dirty.begin();
  dirty.clear(other);
  expect(taken(dirty)).toEqual([small]);
});

test('a large flow is deferred until its share of the time is over, and the cycle is not complete before', () => {
  const { clock, dirty, projectedAt } = bench();
  projectedAt.set(large, clock.now());
  dirty.mark(large);
  dirty.mark(small);
  clock.advance(199);
  dirty.begin();
  expect(taken(dirty)).toEqual([small]);
  expect([dirty.hasDeferred, dirty.isComplete, dirty.isUnderWay]).toEqual([true, false, false]);
  clock.advance(1);
  dirty.begin();
  expect(dirty.hasDeferred).toBe(false);
  expect(taken(dirty)).toEqual([large]);
  expect(dirty.isComplete).toBe(true);
});

test('nothing is deferred where all are asked for, or where the flow was never projected', () => {
  const { clock, dirty, projectedAt } = bench();
  dirty.mark(large);
  dirty.begin();
  expect(taken(dirty)).toEqual([large]);
  projectedAt.set(large, clock.now());
  dirty.mark(large);
  dirty.begin();
  expect(taken(dirty, true)).toEqual([large]);
  expect(dirty.hasDeferred).toBe(false);
});

test('a flow waits for the large one that its spans moved into', () => {
  const { clock, dirty, projectedAt } = bench({ movedTo: large });
  projectedAt.set(large, clock.now());
  dirty.mark(other);
  dirty.begin();
  expect(taken(dirty)).toEqual([]);
  expect(dirty.hasDeferred).toBe(true);
});

test('a flow that is deferred only in a later cycle does not keep the first from being complete', () => {
  const { clock, dirty, projectedAt } = bench({ movedTo: large });
  projectedAt.set(large, clock.now());
  dirty.mark(large);
  dirty.begin();
  expect(taken(dirty)).toEqual([]);
  dirty.mark(other);
  dirty.begin();
  expect(taken(dirty)).toEqual([]);
  dirty.clear(large);
  expect(dirty.has(other)).toBe(true);
  expect(dirty.isComplete).toBe(true);
});

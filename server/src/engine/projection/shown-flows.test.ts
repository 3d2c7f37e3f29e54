import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import type { FlowChange } from '../../model/flow.ts';
import { flowKeyOf, type FlowKey } from '../../model/keys.ts';
import type { Span } from '../../model/span.ts';
import { aSpan } from '../../testing/builders.ts';
import { createShownFlows } from './shown-flows.ts';

const a = flowKeyOf('', 'a', 't');
const b = flowKeyOf('', 'b', 't');
const row = (id: string, version: number): FlowChange => ({
  ...{ kind: 'tombstone', id, version, movedTo: null },
});

/**
 * Creates the tracker over a simulated correlator, in which the test determines the spans of each
 * flow.
 */
function bench() {
  const clock = manualClock();
  const spans = new Map<FlowKey, Span[]>();
  const movedInto = new Map<FlowKey, Map<FlowKey, number>>();
  const correlator = {
    moves: 0,
    movedInto: (key: FlowKey) => movedInto.get(key),
    spanCountOf: (key: FlowKey) => spans.get(key)?.length ?? 0,
    spansOf: (key: FlowKey) => spans.get(key) ?? [],
    flowKeyOf: (span: string): FlowKey | '' =>
      [...spans].find(([, list]) => list.some(({ key }) => key === span))?.[0] ?? '',
  };
  return { clock, spans, movedInto, correlator, shown: createShownFlows(clock, correlator) };
}

test('a flow is found by each id that it is shown as, and by none once it is dropped', () => {
  const { clock, shown } = bench();
  shown.show(a, ['a', 'a.2']);
  expect([shown.keyOf('a'), shown.keyOf('a.2'), shown.keyOf('b')]).toEqual([a, a, undefined]);
  expect([shown.idsOf(a), shown.idsOf(b)]).toEqual([['a', 'a.2'], []]);
  expect([shown.projectedAtMs(a), shown.projectedAtMs(b)]).toEqual([clock.now(), undefined]);
  shown.bury('a.2');
  expect(shown.keyOf('a.2')).toBeUndefined();
  shown.drop(a);
  expect([shown.keyOf('a'), shown.idsOf(a)]).toEqual([undefined, []]);
});

test('where the spans of a flow went is where the flow went', () => {
  const { spans, shown } = bench();
  const span = aSpan({ trace: '1', id: '1' });
  spans.set(a, [span]);
  shown.show(a, ['a']);
  spans.delete(a);
  expect(shown.homeOf(a)).toBe('');
  spans.set(b, [span]);
  expect([shown.homeOf(a), shown.homeOf(b)]).toEqual([b, '']);
});

test('of the flows that spans moved into those count that were not projected since', () => {
  const { correlator, movedInto, shown } = bench();
  movedInto.set(a, new Map([[b, 3]]));
  expect(shown.movedInto(a)).toEqual([b]);
  correlator.moves = 2;
  shown.show(b, ['b']);
  expect(shown.movedInto(a)).toEqual([b]);
  correlator.moves = 3;
  shown.show(b, ['b']);
  expect(shown.movedInto(a)).toEqual([]);
  expect(shown.movedInto(b)).toEqual([]);
});

test('versions are even, later than the clock of all that is stored, and never the same', () => {
  const { clock, shown } = bench();
  const first = shown.nextVersion();
  expect(first).toBe(clock.now() * 1000);
  expect(shown.nextVersion()).toBe(first + 2);
  const stored = first + 1_000_000_000;
  shown.rehydrated([{ id: 'x', key: '', version: stored }]);
  expect(shown.nextVersion()).toBe(stored + 2);
  expect(shown.keyOf('x')).toBeUndefined();
});

test('an id of the store belongs to who was loaded under it, unless another flow has it by now', () => {
  const { spans, shown } = bench();
  shown.rehydrated([{ id: 'a', key: a, version: 2 }]);
  shown.rehydrated([{ id: 'a.2', key: a, version: 2 }]);
  expect([shown.keyOf('a'), shown.idsOf(a)]).toEqual([a, ['a', 'a.2']]);
  // Flow `a` has no spans in memory, so the row with this id now belongs to flow `b`.
  shown.rehydrated([{ id: 'a', key: b, version: 2 }]);
  expect(shown.keyOf('a')).toBe(b);
  spans.set(b, [aSpan({ trace: '1', id: '1' })]);
  shown.rehydrated([{ id: 'a', key: a, version: 2 }]);
  expect(shown.keyOf('a')).toBe(b);
});

test('a flow is durable once the newest version of each of its rows is', () => {
  const { shown } = bench();
  shown.show(a, ['a', 'a.2']);
  shown.markUnwritten([row('a', 2), row('a.2', 4)]);
  expect(shown.unwrittenRows).toBe(2);
  expect(shown.written(row('a', 2))).toBeUndefined();
  shown.markUnwritten([row('a.2', 6)]);
  // A newer version of the row is unwritten, so writing the older version does not make the flow
  // durable.
  expect(shown.written(row('a.2', 4))).toBeUndefined();
  expect(shown.unwrittenRows).toBe(1);
  expect(shown.written(row('a.2', 6))).toBe(a);
  expect(shown.unwrittenRows).toBe(0);
  expect(shown.written(row('stranger', 2))).toBeUndefined();
});

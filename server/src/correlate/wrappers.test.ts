import { describe, expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { aSpan, spanKey, type SpanSketch } from '../testing/builders.ts';
import { createBench } from '../testing/correlator-harness.ts';

/**
 * Tests clients that open a consumer span around each poll. Such a span says nothing about the
 * messages of the poll.
 */
const flowsOf = (...sketches: SpanSketch[]): Flow[] => {
  const all = [sketches, sketches.toReversed()].map((list) => {
    const bench = createBench();
    for (const sketch of list) {
      bench.take([aSpan(sketch)]);
      bench.rest();
    }
    return [...bench.flows().values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  });
  expect(all[0]!.map(({ members }) => [...members].sort())).toEqual(
    all[1]!.map(({ members }) => [...members].sort()),
  );
  return all[0]!;
};
const sent = (n: number): SpanSketch => ({
  trace: `a${n}`,
  id: '1',
  role: 'send',
  service: 'shop',
  system: 'kafka',
});
const poll = (more: Partial<SpanSketch> = {}): SpanSketch => ({
  trace: 'b1',
  id: '2',
  role: 'process',
  service: 'pay',
  system: '',
  destination: '',
  at: 20,
  ...more,
});
const taken = (id: string, links: string[], more: Partial<SpanSketch> = {}): SpanSketch => ({
  trace: 'b1',
  id,
  parent: '2',
  remote: false,
  role: 'process',
  service: 'pay',
  system: 'kafka',
  links,
  at: 21,
  ...more,
});

describe('a consumer span at the root that says nothing', () => {
  test('is part of the handling below it', () => {
    const [flow, ...others] = flowsOf(sent(1), poll(), taken('3', ['a1/1']));
    expect(others).toEqual([]);
    expect(flow!.steps.map(({ service, spanIds }) => [service, spanIds.length])).toEqual([
      ['shop', 1],
      ['pay', 2],
    ]);
    expect(flow!.badges).toEqual([]);
  });
  test('also where nobody was seen sending it', () => {
    expect(flowsOf(poll(), taken('3', ['a1/1']))).toHaveLength(1);
    expect(flowsOf(poll(), taken('3', []))).toHaveLength(1);
  });
  test('is shared where it served several flows, one by one or at once', () => {
    const isShared = (flow: Flow): boolean => flow.context.includes(spanKey('b1/2'));
    const oneByOne = flowsOf(sent(1), sent(2), poll(), taken('3', ['a1/1']), taken('4', ['a2/1']));
    expect(oneByOne.map(isShared)).toEqual([true, true]);
    const atOnce = flowsOf(sent(1), sent(2), poll(), taken('3', ['a1/1', 'a2/1']));
    expect(atOnce).toHaveLength(2);
  });
  test.each<[string, SpanSketch[]]>([
    [
      'handles something itself',
      [poll(), { trace: 'b1', id: '3', parent: '2', service: 'pay', at: 21 }],
    ],
    ['has its message taken elsewhere', [poll(), taken('3', ['a1/1'], { service: 'other' })]],
    ['says where it takes from', [poll({ destination: 'q' }), taken('3', ['a1/1'])]],
    ['says whose it is', [poll({ flow: 'o' }), taken('3', ['a1/1'])]],
  ])('is a flow of its own where it %s', (_, spans) => {
    const own = flowsOf(sent(1), ...spans).filter(({ members }) =>
      members.includes(spanKey('b1/2')),
    );
    expect(own.map(({ services }) => services)).toEqual([['pay']]);
  });
});

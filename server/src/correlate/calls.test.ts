import { expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests calls between services. A flow id decides which flow a span is in. Parent and child decide
 * which service called which, whatever flow ids they have.
 */
const named = (flow: string, source: SpanSketch['source'] = 'explicit'): Partial<SpanSketch> => ({
  flow,
  type: 'order',
  source,
});
const nobody: Partial<SpanSketch> = {};

/**
 * A shop works for 100 ms, and from 10 to 60 ms calls a service that works from 15 to 55 ms by its
 * own clock.
 */
const call = (
  caller: Partial<SpanSketch>,
  callee: Partial<SpanSketch>,
  clockMs = 0,
): [SpanSketch, SpanSketch, SpanSketch] => [
  { trace: 'a1', id: '1', service: 'shop', role: 'server', at: 0, ms: 100, ...caller },
  { trace: 'a1', id: '2', parent: '1', service: 'shop', role: 'client', at: 10, ms: 50, ...caller },
  {
    trace: 'a1',
    id: '3',
    parent: '2',
    service: 'orders',
    role: 'server',
    at: 15 + clockMs,
    ms: 40,
    ...callee,
  },
];
const edges = ({ hops, steps }: Flow) =>
  hops.map(({ from, to, sync, waitMs, state }) => [
    steps.find(({ id }) => id === from)?.service ?? from,
    steps.find(({ id }) => id === to)?.service ?? to,
    sync ? 'call' : state,
    waitMs,
  ]);

test.each([
  ['nobody', nobody, nobody],
  ['both', named('o'), named('o')],
  ['the caller', named('o'), nobody],
  ['the callee', nobody, named('o')],
  ['the callee, by what leaked to it', nobody, named('o', 'ambient')],
  ['both, and the callee another one that leaked', named('o'), named('p', 'ambient')],
  ['both, the caller by what leaked', named('o', 'ambient'), named('o')],
])('a call is one where the flow is named by %s', (_who, caller, callee) => {
  const flows = flowsOf(...call(caller, callee));
  expect(flows).toHaveLength(1);
  expect(edges(flows[0]!)).toEqual([['shop', 'orders', 'call', 5]]);
  expect(flows[0]!.steps).toHaveLength(2);
});

test('a call by a clock that is behind is one, whoever names the flow', () => {
  for (const [caller, callee] of [
    [nobody, nobody],
    [nobody, named('o')],
    [named('o'), named('p', 'ambient')],
  ] as const) {
    const [flow] = flowsOf(...call(caller, callee, -5000));
    expect(edges(flow!)).toEqual([['shop', 'orders', 'call', 0]]);
    expect(flow!.steps[1]!.skewMs).toBe(4995);
  }
});

test('two flows that call each other stay two, without a call in either', () => {
  const flows = flowsOf(...call(named('basket'), named('order')));
  expect(flows.map(edges)).toEqual([[], []]);
});

test('a call out of a batch that others share leads nowhere but into the flow that it names', () => {
  const flows = flowsOf(
    ...['a', 'b'].map((trace): SpanSketch => ({
      trace,
      id: '1',
      role: 'send',
      service: 'shop',
      ...named(`o-${trace}`),
    })),
    { trace: 'c', id: '2', role: 'process', service: 'pay', at: 20, ms: 40, links: ['a/1', 'b/1'] },
    { trace: 'c', id: '3', parent: '2', role: 'client', service: 'pay', at: 25, ms: 20 },
    {
      trace: 'c',
      id: '4',
      parent: '3',
      role: 'server',
      service: 'bank',
      at: 30,
      ms: 5,
      ...named('o-a'),
    },
  );
  expect(flows.map((flow) => [flow.key, edges(flow)])).toEqual(
    expect.arrayContaining([
      [
        'o-a',
        [
          ['shop', 'pay', 'delivered', 10],
          ['pay', 'bank', 'call', 0],
        ],
      ],
      ['o-b', [['shop', 'pay', 'delivered', 10]]],
    ]),
  );
});

const handling = (handler: Partial<SpanSketch>, inner: Partial<SpanSketch>): SpanSketch[] => [
  { trace: 'a1', id: '1', role: 'server', service: 'intake' },
  { trace: 'a1', id: '2', parent: '1', role: 'send', service: 'intake', at: 10, ms: 2 },
  {
    trace: 'b1',
    id: '3',
    role: 'process',
    service: 'desk',
    at: 50,
    ms: 100,
    links: ['a1/2'],
    ...handler,
  },
  {
    trace: 'b1',
    id: '4',
    parent: '3',
    service: 'desk',
    at: 60,
    ms: 50,
    step: { name: 'classify' },
    ...inner,
  },
];

test.each([
  ['says nothing', named('o'), nobody],
  ['says the same', named('o'), named('o', 'ambient')],
  ['has a leaked id', named('o'), named('p', 'ambient')],
  ['has a leaked id below a handler without one', nobody, named('p', 'ambient')],
  ['has the id by hand below a handler that has a leaked one', named('p', 'ambient'), nobody],
])('a step is led to by the handler that it happened in, where it %s', (_what, handler, inner) => {
  const [flow] = flowsOf(...handling(handler, inner)).filter(({ steps }) =>
    steps.some(({ name }) => name === 'classify'),
  );
  expect(edges(flow!)).toEqual([
    ['intake', 'desk', 'delivered', 38],
    ['desk', 'desk', 'call', 0],
  ]);
});

test('a leaked id cuts nothing off: its times are those of what it happened in', () => {
  const behind = -5000;
  const spans = handling(named('o'), named('p', 'ambient')).map((span) => ({
    ...span,
    at: (span.at ?? 0) + (span.service === 'desk' ? behind : 0),
  }));
  const [flow] = flowsOf(...spans);
  const [, handler, classify] = flow!.steps;
  expect(Number(classify!.start - handler!.start) / 1e6).toBe(10);
  expect(flow!.badges).toEqual(['broken-context', 'clock-skew']);
});

test('an id that was set by hand holds, also below one that leaked', () => {
  const chain = (...ids: Partial<SpanSketch>[]): SpanSketch[] =>
    ids.map((over, i) => ({
      trace: 'a1',
      id: `${i + 1}`,
      ...(i > 0 && { parent: `${i}` }),
      at: i,
      ...over,
    }));
  const members = (spans: SpanSketch[]) =>
    flowsOf(...spans).map((flow) => [
      flow.key,
      flow.members
        .map((key) => key.slice(-1))
        .sort()
        .join(''),
    ]);
  expect(members(chain(named('o'), named('p', 'ambient'), named('p')))).toEqual(
    expect.arrayContaining([
      ['o', '12'],
      ['p', '3'],
    ]),
  );
  expect(members(chain(named('o'), named('p', 'ambient'), named('o')))).toEqual([['o', '123']]);
  expect(members(chain(named('o', 'ambient'), named('p', 'ambient'), nobody))).toEqual([
    ['o', '123'],
  ]);
});

test('parents in a ring call nobody round and round', () => {
  const [flow] = flowsOf(
    { trace: 'a1', id: '1', parent: '2', service: 'a', role: 'server', ...named('o') },
    { trace: 'a1', id: '2', parent: '1', service: 'b', role: 'server', ...named('o') },
  );
  expect(edges(flow!)).toEqual([['a', 'b', 'call', 0]]);
});

import { describe, expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { createBench } from '../testing/correlator-harness.ts';

/** Tests handlers whose spans say neither that they consume nor what. */
const flowOf = (...sketches: SpanSketch[]): Flow => {
  const bench = createBench();
  bench.take(sketches.map(aSpan));
  expect(bench.flows().size).toBe(1);
  return [...bench.flows().values()][0]!;
};
const root: SpanSketch = {
  trace: 'a1',
  id: '1',
  service: 'shop',
  role: 'server',
  route: '/orders',
};
const sent: SpanSketch = {
  ...{ trace: 'a1', id: '2', parent: '1', service: 'shop', role: 'send', destination: 'orders' },
  at: 5,
};
const handler = (id: string, more: Partial<SpanSketch> = {}): SpanSketch => ({
  ...{ trace: 'a1', id, parent: '2', service: 'pay', name: 'handleOrder', remote: true },
  ...{ at: 50, ms: 20 },
  ...more,
});
const inShort = ({ steps, hops }: Flow): unknown => [
  steps.map(({ service, name, kind, status, attempts }) =>
    [service, name, kind, status, attempts.length].join(' '),
  ),
  hops.map(({ state, sync, message }) => [state, sync, message.destination].join(' ')),
];

describe('a span below a send of another process handles its message', () => {
  const asHandled = [
    ['shop /orders request ok 1', 'pay handleOrder event ok 1'],
    ['delivered false orders'],
  ];
  test('whatever its kind, and with or without OTLP flags', () => {
    expect(inShort(flowOf(root, sent, handler('3')))).toEqual(asHandled);
    expect(inShort(flowOf(root, sent, handler('3', { remote: null })))).toEqual(asHandled);
    expect(inShort(flowOf(root, sent, handler('3', { role: 'server' })))).toMatchObject([
      ['shop /orders request ok 1', 'pay handleOrder event ok 1'],
      ['delivered false orders'],
    ]);
    const shop = handler('3', { service: 'shop' });
    expect(flowOf(root, sent, shop).hops).toMatchObject([{ state: 'delivered', sync: false }]);
  });
  test('and takes along what it does itself', () => {
    const next = { ...sent, id: '4', parent: '3', service: 'pay', destination: 'payments', at: 60 };
    const last = handler('5', { parent: '4', service: 'ship', name: 'ship', at: 90, failed: true });
    expect(inShort(flowOf(root, sent, handler('3'), next, last))).toEqual([
      ['shop /orders request ok 1', 'pay handleOrder event ok 1', 'ship ship event failed 1'],
      ['delivered false orders', 'delivered false payments'],
    ]);
  });
  test('several times: the attempts of one step', () => {
    const again = handler('4', { at: 900 });
    expect(inShort(flowOf(root, sent, handler('3', { failed: true }), again))).toEqual([
      ['shop /orders request ok 1', 'pay handleOrder event retried 2'],
      ['delivered false orders'],
    ]);
  });
  test('by several functions, each of which is a step', () => {
    const other = handler('4', { name: 'notify', at: 52 });
    expect(inShort(flowOf(root, sent, handler('3'), other))).toEqual([
      ['shop /orders request ok 1', 'pay handleOrder event ok 1', 'pay notify event ok 1'],
      ['delivered false orders', 'delivered false orders'],
    ]);
  });
  test('beside the receive span of the same message', () => {
    const receive = handler('4', { role: 'receive', destination: 'orders', at: 45, ms: 1 });
    expect(inShort(flowOf(root, sent, receive, handler('3', { failed: true })))).toEqual([
      ['shop /orders request ok 1', 'pay handleOrder event failed 1'],
      ['delivered false orders'],
    ]);
  });
});

test('a span of the sender below its own send handles nothing', () => {
  const own = handler('3', { service: 'shop', remote: false, at: 6, ms: 1 });
  expect(flowOf(root, sent, own).hops).toMatchObject([{ state: 'waiting' }]);
  expect(flowOf(root, sent, { ...own, remote: null }).hops).toMatchObject([{ state: 'waiting' }]);
});

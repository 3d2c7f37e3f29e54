import { describe, expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { createBench } from '../testing/correlator-harness.ts';

/** Tests clients that record several spans for the handling of one message. */
const flowsOf = (sketches: SpanSketch[]): Flow[] => {
  const bench = createBench();
  bench.take(sketches.map(aSpan));
  return [...bench.flows().values()];
};
const stepsOf = (...sketches: SpanSketch[]): string[] =>
  flowsOf(sketches).flatMap(({ steps }) =>
    steps.map(({ service, status, attempts }) => `${service} ${status} ${attempts.length}`),
  );
const sent: SpanSketch = {
  ...{ trace: 'a1', id: '1', service: 'shop', role: 'send', destination: 'orders', at: 500, ms: 2 },
};

describe('a processing span within another one', () => {
  const outer: SpanSketch = {
    ...{ trace: 'a1', id: '2', parent: '1', remote: true, service: 'pay', role: 'process' },
    ...{ destination: 'orders', at: 600, ms: 30 },
  };
  const inner: SpanSketch = {
    ...{ trace: 'a1', id: '3', parent: '2', remote: false, service: 'pay', role: 'process' },
    ...{ destination: '', at: 601, ms: 20 },
  };
  test('that names no other message is the same handling', () => {
    expect(stepsOf(sent, outer, inner)).toEqual(['shop ok 1', 'pay ok 1']);
    expect(stepsOf(sent, outer, { ...inner, destination: 'orders', remote: null })).toEqual([
      'shop ok 1',
      'pay ok 1',
    ]);
    const later = { ...inner, ms: 60, failed: true };
    expect(stepsOf(sent, outer, later)).toEqual(['shop ok 1', 'pay failed 1']);
  });
  test('that names another message handles that one', () => {
    const other = { ...sent, id: '4', parent: '2', service: 'pay', destination: 'mails', at: 610 };
    const steps = stepsOf(sent, outer, other, { ...inner, links: ['a1/4'], destination: 'mails' });
    expect(steps).toEqual(['shop ok 1', 'pay ok 1', 'pay ok 1']);
  });
  test('arrives in any order', () => {
    const bench = createBench();
    for (const one of [inner, outer, sent]) bench.take([aSpan(one)]);
    expect([...bench.flows().values()].map(({ steps }) => steps.length)).toEqual([2]);
  });
});

test('a batch whose messages have processing spans of their own is these', () => {
  const request = (n: number): SpanSketch => ({ ...sent, trace: `a${n}`, at: n });
  const batch: SpanSketch = {
    ...{ trace: 'b1', id: '1', service: 'pay', role: 'process', destination: 'orders', at: 50 },
    ...{ links: ['a1/1', 'a2/1'], batch: 2, ms: 90 },
  };
  const each = (n: number): SpanSketch => ({
    ...{ trace: 'b1', id: `${n + 1}`, parent: '1', remote: false, service: 'pay', role: 'process' },
    ...{ destination: 'orders', links: [`a${n}/1`], at: 50 + 20 * n, ms: 10, failed: n === 2 },
  });
  const flows = flowsOf([request(1), request(2), batch, each(1), each(2)]);
  expect(
    flows.map(({ steps }) => steps.map(({ service, status }) => `${service} ${status}`)),
  ).toEqual([
    ['shop ok', 'pay ok'],
    ['shop ok', 'pay failed'],
  ]);
});

describe('a processing span that began to wait before it had its message', () => {
  const process: SpanSketch = {
    ...{ trace: 'b1', id: '1', links: ['a1/1'], service: 'pay', role: 'process' },
    ...{ destination: 'orders', group: 'pay', at: 100, ms: 500 },
  };
  const poll: SpanSketch = {
    ...{ trace: 'c1', id: '1', links: ['a1/1'], service: 'pay', role: 'receive' },
    ...{ destination: 'orders', group: 'pay', at: 101, ms: 409 },
  };
  test('is one step with the poll within it, and begins when the poll ends', () => {
    const [flow, ...others] = flowsOf([sent, process, poll]);
    expect(others).toEqual([]);
    expect(flow!.badges).toEqual([]);
    expect(flow!.hops).toMatchObject([{ state: 'delivered', waitMs: 8 }]);
    const [, taken] = flow!.steps;
    expect(flow!.steps).toHaveLength(2);
    expect(Number(taken!.end! - taken!.start) / 1e6).toBe(90);
    expect(taken!.spanIds).toHaveLength(2);
  });
  test('is not one with a poll that ended after it', () => {
    const later = { ...poll, at: 590, ms: 20 };
    expect(stepsOf(sent, process, later)).toContain('pay ok 2');
  });
});

describe('a send that failed', () => {
  const request: SpanSketch = { trace: 'a1', id: '9', service: 'shop', at: 490, ms: 40 };
  const failed = { ...sent, parent: '9', id: '8', at: 491, ms: 5, failed: true };
  const statesOf = (...sketches: SpanSketch[]): string[] =>
    flowsOf(sketches).flatMap(({ hops }) => hops.map(({ state }) => state));
  test('and was repeated is no message that waits', () => {
    expect(statesOf(request, failed, { ...sent, parent: '9' })).toEqual(['waiting']);
  });
  test('and was not repeated is missed', () => {
    expect(statesOf(request, failed)).toEqual(['waiting']);
    const elsewhere = { ...sent, parent: '9', destination: 'mails' };
    expect(statesOf(request, failed, elsewhere)).toEqual(['waiting', 'waiting']);
    const another = { ...sent, parent: '9', message: 'm-2' };
    expect(statesOf(request, { ...failed, message: 'm-1' }, another)).toEqual([
      'waiting',
      'waiting',
    ]);
  });
});

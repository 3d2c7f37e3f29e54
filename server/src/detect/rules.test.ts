import { describe, expect, test } from 'vitest';
import { createBench } from '../correlate/testing.ts';
import type { WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import { aSpan, type SpanSketch } from '../model/testing/builders.ts';
import { judge, undoPair, type UndoDuties } from './index.ts';

/** Every rule fires on the smallest flow that shows it, stays silent on its near miss, and withdraws on recovery. */
const SETTLE = 30_000;
const NOTHING: UndoDuties = { owed: new Set(), order: new Set() };

const flowOf = (...sketches: Omit<SpanSketch, 'trace'>[]): Flow => {
  const bench = createBench();
  bench.take(sketches.map((sketch) => aSpan({ trace: '1', flow: 'f', type: 't', ...sketch })));
  const [flow] = bench.flows().values();
  return flow!;
};
const rules = (
  flow: Flow,
  waiting: WaitingFor[] = [],
  duties = NOTHING,
  now = flow.lastReceivedMs + SETTLE,
): string[] => judge(flow, waiting, () => duties, SETTLE, now).findings.map(({ rule }) => rule);

const waitingFor = (over: Partial<WaitingFor>): WaitingFor => ({
  id: 'a>b',
  afterStepId: null,
  hopId: null,
  step: 'Ship',
  service: 'shipping',
  message: 'orders',
  oneOf: [],
  certain: true,
  expectedAt: 1000,
  since: 0,
  lateAt: 2000,
  stuckAt: 4000,
  basis: 'learned',
  absence: 'missing-step',
  probability: 1,
  samples: 1000,
  provisional: false,
  ...over,
});

describe('absence', () => {
  const flow = flowOf({ id: '1', step: { name: 'Order' } });
  test.each(['undelivered-message', 'lost-step', 'missing-reply', 'missing-step'] as const)(
    '%s',
    (absence) => {
      const waiting = [waitingFor({ absence })];
      expect(rules(flow, waiting, NOTHING, 3999)).toEqual([]);
      expect(rules(flow, waiting, NOTHING, 4000)).toEqual([absence]);
      expect(rules(flow, [], NOTHING, 5000)).toEqual([]);
    },
  );
  test('health goes from ok over late to stuck, and says when to look next', () => {
    const at = (now: number): Flow => judge(flow, [waitingFor({})], () => NOTHING, SETTLE, now);
    expect(at(1999)).toMatchObject({ health: 'ok', status: 'active', lookAtMs: 2000 });
    expect(at(2000)).toMatchObject({ health: 'late', status: 'late', lookAtMs: 4000 });
    expect(at(4000)).toMatchObject({ health: 'stuck', status: 'stuck', lookAtMs: null, settlesAs: null });
    expect(at(9000).findings[0]!.since).toBe(4000);
  });
  test('one stall is one finding: of what one step owes, the likeliest', () => {
    const waiting = [waitingFor({}), waitingFor({ id: 'a>c', step: 'Mail', probability: 0.97 })];
    const { findings } = judge(flow, waiting, () => NOTHING, SETTLE, 5000);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.step).toBe('Ship');
  });
});

describe('failures', () => {
  test('failed-step: not when a later attempt succeeds', () => {
    const attempt = (id: string, number: number, failed: boolean): Omit<SpanSketch, 'trace'> => ({
      id,
      failed,
      at: number * 100,
      role: 'process',
      message: 'm1',
      step: { name: 'Charge', attempt: number },
    });
    expect(rules(flowOf(attempt('1', 1, true)))).toEqual(['failed-step']);
    expect(rules(flowOf(attempt('1', 1, true), attempt('2', 2, false)))).toEqual([]);
  });
  test('retry-storm: from the fourth attempt on', () => {
    const attempts = (count: number): Flow =>
      flowOf(
        ...Array.from({ length: count }, (_, i) => ({
          id: `${i + 1}`,
          at: i * 100,
          failed: i < count - 1,
          role: 'process' as const,
          message: 'm1',
          step: { name: 'Charge', attempt: i + 1 },
        })),
      );
    expect(rules(attempts(3))).toEqual([]);
    expect(rules(attempts(4))).toEqual(['retry-storm']);
  });
  test('contradictory-outcome: not when both say the same', () => {
    const ends = (second: 'failed' | 'completed'): Flow =>
      flowOf({ id: '1', outcome: 'completed' }, { id: '2', outcome: second, at: 50 });
    expect(rules(ends('failed'))).toEqual(['contradictory-outcome']);
    expect(rules(ends('completed'))).toEqual([]);
  });
});

describe('compensation', () => {
  const done = (
    id: string,
    name: string,
    at: number,
    over: Partial<SpanSketch> = {},
  ): Omit<SpanSketch, 'trace'> => ({
    id,
    at,
    step: { name },
    ...over,
  });
  const undo = (id: string, name: string, at: number, failed = false): Omit<SpanSketch, 'trace'> => ({
    id,
    at,
    failed,
    step: { name: `Undo${name}`, compensates: name, kind: 'compensation' },
  });
  const duties: UndoDuties = {
    owed: new Set(['Stock', 'Card']),
    order: new Set([undoPair('Card', 'Stock')]),
  };
  const forward = [done('1', 'Stock', 0), done('2', 'Card', 100)];

  test('sound: undone once each, in order', () => {
    expect(rules(flowOf(...forward, undo('3', 'Card', 200), undo('4', 'Stock', 300)), [], duties)).toEqual(
      [],
    );
  });
  test('missing: said once it is quiet, not for what is never undone', () => {
    const flow = flowOf(...forward, undo('3', 'Card', 200));
    expect(rules(flow, [], duties, flow.lastReceivedMs + SETTLE - 1)).toEqual([]);
    expect(rules(flow, [], duties)).toEqual(['compensation-missing']);
    expect(rules(flow)).toEqual([]);
  });
  test('failed: not when a later one succeeds', () => {
    expect(rules(flowOf(...forward, undo('3', 'Card', 200, true)))).toEqual(['compensation-failed']);
    expect(rules(flowOf(...forward, undo('3', 'Card', 200, true), undo('4', 'Card', 300)))).toEqual([]);
  });
  test('twice: not when the first one failed, nor for two steps of one name', () => {
    expect(rules(flowOf(...forward, undo('3', 'Card', 200), undo('4', 'Card', 300)))).toEqual([
      'compensation-twice',
    ]);
    const two = [...forward, done('5', 'Card', 150), undo('3', 'Card', 200), undo('4', 'Card', 300)];
    expect(rules(flowOf(...two))).toEqual([]);
  });
  test('out of order: only where an order binds', () => {
    const flow = flowOf(...forward, undo('4', 'Stock', 200), undo('3', 'Card', 300));
    expect(rules(flow, [], duties)).toEqual(['compensation-out-of-order']);
    expect(rules(flow)).toEqual([]);
  });
  test('of a step that never happened, or had failed', () => {
    expect(rules(flowOf(...forward, undo('3', 'Hotel', 200)))).toEqual(['compensation-of-undone-step']);
    const failed = flowOf(done('1', 'Card', 0, { failed: true }), undo('2', 'Card', 100));
    expect(rules(failed)).toEqual(['failed-step', 'compensation-of-undone-step']);
  });
  test('late reply: the step ends after it was undone', () => {
    const flow = (ms: number): Flow => flowOf(done('1', 'Card', 0, { ms }), undo('2', 'Card', 100));
    expect(rules(flow(500))).toEqual(['late-reply-after-compensation']);
    expect(rules(flow(50))).toEqual([]);
  });
});

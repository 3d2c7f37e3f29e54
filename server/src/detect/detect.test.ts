import { describe, expect, test } from 'vitest';
import { createBench } from '../testing/correlator-harness.ts';
import type { WaitingFor } from '../model/expectation.ts';
import type { Flow } from '../model/flow.ts';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { parseQuery } from '../query/language/parse.ts';
import { undoPair, type UndoDuties } from '../model/duties.ts';
import { NO_NOVELTY, type Novelty } from '../model/novelty.ts';
import { judge, type JudgeContext } from './index.ts';

/**
 * Tests that every rule fires on the smallest flow that shows its symptom, stays silent on a near
 * miss, and withdraws its finding on recovery.
 */
const SETTLE = 30_000;
const OPTIONS = { settleMs: SETTLE, queryRules: [] };
const known = (waitingFor: WaitingFor[] = [], duties: UndoDuties = NOTHING): JudgeContext => ({
  waitingFor,
  waitsForNobody: false,
  mayBeTaken: false,
  endsDeclared: false,
  dutiesOf: () => duties,
  news: NO_NOVELTY,
});
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
): string[] => judge(flow, known(waiting, duties), OPTIONS, now).findings.map(({ rule }) => rule);

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
    const at = (now: number): Flow => judge(flow, known([waitingFor({})]), OPTIONS, now);
    expect(at(1999)).toMatchObject({ health: 'ok', status: 'active', lookAtMs: 2000 });
    expect(at(2000)).toMatchObject({ health: 'late', status: 'late', lookAtMs: 4000 });
    expect(at(4000)).toMatchObject({
      health: 'stuck',
      status: 'stuck',
      lookAtMs: null,
      idleOutcome: null,
    });
    expect(at(9000).findings[0]!.since).toBe(4000);
  });
  test('one stall is one finding: of what one step owes, the likeliest', () => {
    const waiting = [waitingFor({}), waitingFor({ id: 'a>c', step: 'Mail', probability: 0.97 })];
    const { findings } = judge(flow, known(waiting), OPTIONS, 5000);
    expect(findings).toHaveLength(1);
    expect(findings[0]!.step).toBe('Ship');
  });
});

describe('failures', () => {
  test('failed-step: of a chain of calls, the one that failed first', () => {
    // All spans are received together.
    const received = 1_700_000_000_000;
    const chain = flowOf(
      { received, id: '1', role: 'server', failed: true, at: 0, ms: 50 },
      { received, id: '2', parent: '1', role: 'client', failed: true, at: 5, ms: 40 },
      {
        received,
        id: '3',
        parent: '2',
        role: 'server',
        service: 'b',
        failed: true,
        at: 10,
        ms: 20,
      },
    );
    expect(chain.failedSteps).toBe(2);
    const at = (now: number): Flow => judge(chain, known(), OPTIONS, now);
    expect(at(chain.lastReceivedMs + 5000).findings.map(({ service }) => service)).toEqual(['b']);
    // Until then the span of a called service that failed first may still arrive, so nothing is
    // reported.
    expect(at(chain.lastReceivedMs + 4999)).toMatchObject({
      findings: [],
      lookAtMs: chain.lastReceivedMs + 5000,
    });
  });
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
  test('failed-step: what is told stays told when more of the same failure is heard', () => {
    const milestone = {
      ...({ id: '2', parent: '1', role: 'event', milestone: 'step-failed', failed: true } as const),
      ...{ at: 40, ms: 0, received: 1000, step: { name: 'Charge' } },
    };
    const span = {
      ...({ id: '1', role: 'process', failed: true, message: 'm' } as const),
      ...{ at: 0, ms: 50, received: 6100, step: { name: 'Charge' } },
    };
    const attempt = (number: number, received: number): Omit<SpanSketch, 'trace'> => ({
      ...{ id: `${number}`, role: 'process', failed: true, message: 'm1' },
      ...{ at: number * 100, received, step: { name: 'Charge', attempt: number } },
    });
    for (const flow of [
      flowOf(milestone),
      flowOf(milestone, span),
      flowOf(attempt(2, 1000)),
      flowOf(attempt(1, 60_000), attempt(2, 1000)),
    ]) {
      const at = (now: number): string[] =>
        judge(flow, known(), OPTIONS, now).findings.map(({ rule }) => rule);
      expect(at(5999)).toEqual([]);
      expect(at(6000)).toEqual(['failed-step']);
    }
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
  const undo = (
    id: string,
    name: string,
    at: number,
    failed = false,
  ): Omit<SpanSketch, 'trace'> => ({
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
    expect(
      rules(flowOf(...forward, undo('3', 'Card', 200), undo('4', 'Stock', 300)), [], duties),
    ).toEqual([]);
  });
  test('missing: said once it is quiet, not for what is never undone', () => {
    const flow = flowOf(...forward, undo('3', 'Card', 200));
    expect(rules(flow, [], duties, flow.lastReceivedMs + SETTLE - 1)).toEqual([]);
    expect(rules(flow, [], duties)).toEqual(['compensation-missing']);
    expect(rules(flow)).toEqual([]);
  });
  test('missing: not of one that never ended, if it was done again and that was undone', () => {
    const lost = (id: string, name: string, at: number): Omit<SpanSketch, 'trace'> => ({
      ...{ id, at, ms: 0, milestone: 'step-started', step: { name } },
    });
    const stock = [done('1', 'Stock', 0), undo('5', 'Stock', 500)];
    const again = [...stock, lost('2', 'Card', 50), done('3', 'Card', 100), undo('4', 'Card', 300)];
    const saidOf = (...spans: Omit<SpanSketch, 'trace'>[]): string[] =>
      judge(flowOf(...spans), known([], duties), OPTIONS, Infinity).findings.map(
        ({ summary }) => summary,
      );
    expect(saidOf(...again)).toEqual([]);
    // What was not done again may have been done.
    expect(saidOf(...stock, lost('2', 'Card', 50))).toEqual([
      'Card may have been done, and was never undone',
    ]);
    // What ended was done, so two of it are undone twice.
    expect(
      saidOf(...stock, done('2', 'Card', 50), done('3', 'Card', 100), undo('4', 'Card', 300)),
    ).toEqual(['Card was done and never undone']);
  });
  test('failed: not when a later one succeeds', () => {
    expect(rules(flowOf(...forward, undo('3', 'Card', 200, true)))).toEqual([
      'compensation-failed',
    ]);
    expect(rules(flowOf(...forward, undo('3', 'Card', 200, true), undo('4', 'Card', 300)))).toEqual(
      [],
    );
  });
  test('twice: not when the first one failed, nor for two steps of one name', () => {
    expect(rules(flowOf(...forward, undo('3', 'Card', 200), undo('4', 'Card', 300)))).toEqual([
      'compensation-twice',
    ]);
    const two = [
      ...forward,
      done('5', 'Card', 150),
      undo('3', 'Card', 200),
      undo('4', 'Card', 300),
    ];
    expect(rules(flowOf(...two))).toEqual([]);
  });
  test('out of order: only where an order binds', () => {
    const flow = flowOf(...forward, undo('4', 'Stock', 200), undo('3', 'Card', 300));
    expect(rules(flow, [], duties)).toEqual(['compensation-out-of-order']);
    expect(rules(flow)).toEqual([]);
  });
  test('of a step that never happened, or had failed', () => {
    expect(rules(flowOf(...forward, undo('3', 'Hotel', 200)))).toEqual([
      'compensation-of-undone-step',
    ]);
    const failed = flowOf(done('1', 'Card', 0, { failed: true }), undo('2', 'Card', 100));
    expect(rules(failed)).toEqual(['failed-step', 'compensation-of-undone-step']);
  });
  test('by the id that its service gave a step', () => {
    const line = (id: string, at: number): Omit<SpanSketch, 'trace'> =>
      done(id, 'Reserve', at, { step: { name: 'Reserve', id: `line-${id}` } });
    const release = (id: string, of: string): Omit<SpanSketch, 'trace'> => ({
      id,
      at: 200 + Number(id),
      step: { name: 'Release', compensates: `line-${of}`, kind: 'compensation' },
    });
    const flow = flowOf(line('1', 0), line('2', 50), release('3', '1'), release('4', '2'));
    expect(rules(flow)).toEqual([]);
    expect(flow.steps.map((step) => step.compensatedBy.length)).toEqual([1, 1, 0, 0]);
    expect(
      rules(flowOf(line('1', 0), line('2', 50), release('3', '1'), release('4', '1'))),
    ).toEqual(['compensation-twice']);
  });
  test('what timed out is in doubt: to undo it is right, and owed', () => {
    const timedOut = done('2', 'Card', 100, {
      failed: true,
      step: { name: 'Card', result: 'timeout' },
    });
    const undone = flowOf(timedOut, undo('3', 'Card', 200));
    expect(rules(undone, [], duties)).toEqual(['failed-step']);
    const left = flowOf(done('1', 'Stock', 0), timedOut, undo('4', 'Stock', 200));
    expect(rules(left, [], duties)).toEqual(['failed-step', 'compensation-missing']);
  });
  test('late reply: the step ends after it was undone', () => {
    const flow = (ms: number): Flow => flowOf(done('1', 'Card', 0, { ms }), undo('2', 'Card', 100));
    expect(rules(flow(500))).toEqual(['late-reply-after-compensation']);
    expect(rules(flow(50))).toEqual([]);
  });
});

describe('who fell silent', () => {
  test.each([
    ['orchestrator-silent', 'conducts this flow'],
    ['consumer-gone', 'does not take it any more'],
    ['flow-overdue', 'has not ended in its time'],
  ] as const)('%s fires, names itself, and withdraws', (absence, words) => {
    const flow = flowOf({ id: '1', step: { name: 'Order' } });
    const { findings } = judge(flow, known([waitingFor({ absence })]), OPTIONS, 4000);
    expect(findings).toMatchObject([{ rule: absence, lasting: true }]);
    expect(findings[0]!.summary).toContain(words);
    expect(rules(flow, [waitingFor({ absence })], NOTHING, 3999)).toEqual([]);
    expect(rules(flow, [], NOTHING, 5000)).toEqual([]);
  });
  test('that the whole is late is not said where a part is missing', () => {
    const flow = flowOf({ id: '1', step: { name: 'Order' } });
    const waiting = [
      waitingFor({}),
      waitingFor({ id: 'flow>end', afterStepId: 'x', absence: 'flow-overdue' }),
    ];
    expect(rules(flow, waiting, NOTHING, 5000)).toEqual(['missing-step']);
  });
  test('of two silences of a conductor, whatever it would have done next, one incident', () => {
    const flow = flowOf({ id: '1', step: { name: 'Order' } });
    const of = (step: string): string =>
      judge(flow, known([waitingFor({ step, absence: 'orchestrator-silent' })]), OPTIONS, 5000)
        .findings[0]!.incident;
    expect(of('a')).toBe(of('b'));
  });
});

describe('unhandled-failure', () => {
  const failing = (destination: string, heard: boolean): Flow =>
    flowOf(
      { id: '1', role: 'send', destination },
      ...(heard
        ? [{ id: '2', role: 'process' as const, destination, links: ['1/1'], at: 20 }]
        : []),
    );
  test('a failure that nobody consumes, once it was quiet', () => {
    const flow = failing('payment-failed', false);
    expect(rules(flow)).toEqual(['unhandled-failure']);
    const early = judge(flow, known(), OPTIONS, flow.lastReceivedMs + SETTLE - 1);
    expect(early.findings).toEqual([]);
    expect(early.lookAtMs).toBe(flow.lastReceivedMs + SETTLE);
  });
  test('silent for other messages, and once somebody listens', () => {
    expect(rules(failing('payment-captured', false))).toEqual([]);
    expect(rules(failing('payment-failed', true))).toEqual([]);
  });
});

describe('news', () => {
  const flow = flowOf({ id: '1', step: { name: 'Order' } });
  const news = (over: Partial<Novelty>): string[] =>
    judge(flow, { ...known(), news: { ...NO_NOVELTY, ...over } }, OPTIONS, 5000).findings.map(
      ({ rule }) => rule,
    );
  test('a new consumer and a new variant are said, as news', () => {
    expect(news({ consumers: new Set([flow.steps[0]!.id]) })).toEqual(['consumer-new']);
    expect(news({ variant: true })).toEqual(['new-variant']);
    expect(news({})).toEqual([]);
  });
});

describe("an operator's own rule", () => {
  const T0 = 1_700_000_000_000;
  const asked = (text: string, forMs: number, flow: Flow, now: number): Flow =>
    judge(
      flow,
      known(),
      {
        ...OPTIONS,
        queryRules: [
          {
            ...{ name: 'mine', query: parseQuery(text, now)!, text, severity: 'warning', forMs },
            ...{ groupBy: 'type', source: 'file' },
          },
        ],
      },
      now,
    );
  const flow = flowOf({ id: '1', step: { name: 'Order' }, received: T0 });
  test('fires from the instant at which time alone made it true, and says when to look', () => {
    const text = 'Order !> Ship within 15m';
    expect(asked(text, 0, flow, T0 + 60_000)).toMatchObject({
      findings: [],
      lookAtMs: T0 + 900_001,
    });
    expect(asked(text, 0, flow, T0 + 2_000_000).findings).toMatchObject([
      { rule: 'mine', since: T0 + 900_001, lasting: true },
    ]);
    const shipped = flowOf(
      { id: '1', step: { name: 'Order' } },
      { id: '2', step: { name: 'Ship' }, at: 100 },
    );
    expect(asked(text, 0, shipped, T0 + 2_000_000).findings).toEqual([]);
  });
  test('`for`: only after it has been true for so long', () => {
    const text = 'duration>1m';
    const goesOn = { ...flow, idleOutcome: null };
    expect(asked(text, 30_000, goesOn, T0 + 70_000)).toMatchObject({
      findings: [],
      lookAtMs: T0 + 90_001,
    });
    expect(asked(text, 30_000, goesOn, T0 + 90_001).findings).toMatchObject([
      { since: T0 + 90_001 },
    ]);
  });
  test('a flow that counts as ended since it was quiet grows no older', () => {
    const settled = { ...flow, idleOutcome: 'completed' as const };
    expect(asked('duration>5m', 0, settled, T0 + 900_000).findings).toEqual([]);
    expect(
      asked('duration>5m', 0, { ...flow, idleOutcome: null }, T0 + 900_000).findings,
    ).toHaveLength(1);
    // The query is false before and after the flow settles, so no re-evaluation is due. A
    // re-evaluation would write a row.
    expect(asked('duration>5m', 0, settled, T0 + 1000).lookAtMs).toBeNull();
    // A query for completed flows becomes true when the flow settles, so a re-evaluation is due at
    // that time.
    const done = asked('status:completed', 0, settled, T0 + 1000);
    expect(done).toMatchObject({ findings: [], lookAtMs: T0 + SETTLE });
    expect(asked('status:completed', 0, settled, T0 + SETTLE).findings).toMatchObject([
      { since: T0 + SETTLE },
    ]);
  });
  test('it may ask what the other rules found', () => {
    const failed = flowOf({ id: '1', failed: true, received: T0 });
    expect(asked('finding:failed-step', 0, failed, T0 + 5000).findings).toHaveLength(2);
  });
});

test('what ends by being said is not completed by silence, and a failure is one all the same', () => {
  const flow = flowOf({ id: '1', step: { name: 'Order' } });
  const settled = (idleOutcome: Flow['idleOutcome'], endsDeclared: boolean) =>
    judge(
      { ...flow, idleOutcome },
      { ...known(), endsDeclared },
      OPTIONS,
      flow.lastReceivedMs + SETTLE,
    ).idleOutcome;
  expect(settled('completed', false)).toBe('completed');
  expect(settled('completed', true)).toBeNull();
  expect(settled('failed', true)).toBe('failed');
});

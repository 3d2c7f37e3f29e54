import { expect, test } from 'vitest';
import type { Flow } from '../../model/flow.ts';
import type { SpanSketch } from '../../testing/builders.ts';
import { flowsOf } from '../../testing/correlator-harness.ts';
import { digestOf, environmentOf } from './digest.ts';

const BASE_MS = 1_700_000_000_000;
const flowOf = (...sketches: SpanSketch[]): Flow => {
  const flows = flowsOf(...sketches);
  expect(flows).toHaveLength(1);
  return flows[0]!;
};
const digest = (flow: Flow) => digestOf(flow, () => 0);
const place: SpanSketch[] = [
  { trace: 'a1', id: '1', service: 'shop', role: 'server', env: 'prod', ms: 30 },
  {
    ...{ trace: 'a1', id: '2', parent: '1', service: 'shop', role: 'send', env: 'prod' },
    ...{ destination: 'orders', at: 10, ms: 2 },
  },
];
const take: SpanSketch = {
  ...{ trace: 'b1', id: '3', links: ['a1/2'], service: 'pay', role: 'process', env: 'prod' },
  ...{ destination: 'orders', at: 50, ms: 5 },
};

test('a message is a fact of its own: who sent it, where, and that nobody took it', () => {
  const { messages, steps } = digest(flowOf(...place));
  expect(messages).toHaveLength(1);
  expect(messages[0]).toMatchObject({
    ...{ stepId: steps[0]!.id, place: 'orders', destination: 'orders', sentMs: BASE_MS + 10 },
    ...{ takers: [], waits: [], isCounted: false },
  });
  expect(messages[0]!.waitingHopId).not.toBeNull();
  expect(steps[0]!.did).toEqual(['>orders']);
});

test('once it was taken: by which step type, and after how long', () => {
  const { messages, steps } = digest(flowOf(...place, take));
  const [shop, pay] = steps;
  expect(messages[0]).toMatchObject({
    ...{ waitingHopId: null, takers: [pay!.as] },
    waits: [{ to: pay!.as, stepId: pay!.id, ms: 40, isHeldUp: false }],
  });
  expect([pay!.from, pay!.via, shop!.from]).toEqual([shop!.as, 'orders', '']);
});

test('steps are of their service, with the type that decides what follows', () => {
  const { steps } = digest(flowOf(...place, { ...take, failed: true }));
  const [shop, pay] = steps;
  expect([shop!.failed, shop!.key === shop!.as]).toEqual([false, true]);
  expect([pay!.failed, pay!.key]).toEqual([true, `${pay!.as}\0failed`]);
  expect(shop).toMatchObject({ service: 'shop', startMs: BASE_MS, running: false });
});

test('how far a clock is behind is asked of each step', () => {
  const { steps } = digestOf(flowOf(...place, take), ({ service }) => (service === 'pay' ? 7 : 0));
  expect(steps.map(({ behindMs }) => behindMs)).toEqual([0, 7]);
});

test('how a flow ended says what it owes', () => {
  const flow = flowOf(...place);
  const ends = (outcome: Flow['outcome']) => {
    const { aborted, declaredComplete } = digest({ ...flow, outcome });
    return [aborted, declaredComplete];
  };
  expect([ends(null), ends('completed'), ends('failed'), ends('cancelled')]).toEqual([
    [false, false],
    [false, true],
    [true, false],
    [true, false],
  ]);
  expect(digest({ ...flow, badges: ['sampled'] }).sampled).toBe(true);
  expect('startDeclared' in digest(flow)).toBe(false);
});

test('a type is one of its environment', () => {
  const one = digest(flowOf(...place));
  expect(environmentOf(one)).toBe('prod');
});

test('what undoes is audited and not awaited: it is in the ledger alone', () => {
  const flow = flowOf(...place, take);
  const [shop, pay] = flow.steps as [Flow['steps'][number], Flow['steps'][number]];
  const undo = { ...pay, id: 'undo', name: 'refund', compensates: pay.id };
  const undone = digest({ ...flow, steps: [shop, pay, undo] });
  expect(undone.steps.map(({ id }) => id)).toEqual([shop.id, pay.id]);
  expect(undone.ledger).toEqual({ done: [shop.name, pay.name].sort(), undone: [pay.name] });
  expect(digest(flow).ledger).toBeNull();
  const failed = { ...undo, status: 'failed' as const };
  expect(digest({ ...flow, steps: [shop, pay, failed] }).ledger).toBeNull();
});

test('the second time round is another step type', () => {
  const again: SpanSketch[] = [
    { ...take, id: '4', trace: 'b1', ms: 60 },
    {
      ...{ trace: 'b1', id: '5', parent: '4', service: 'pay', role: 'send', env: 'prod' },
      ...{ destination: 'orders', at: 60, ms: 1 },
    },
    { ...take, id: '6', trace: 'c1', links: ['b1/5'], at: 90 },
  ];
  const taken = digest(flowOf(...place, ...again)).steps.filter(({ service }) => service === 'pay');
  expect(taken.map(({ as }) => as)).toEqual([taken[0]!.as, `${taken[0]!.as}\0again`]);
});

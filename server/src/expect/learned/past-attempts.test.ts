import { expect, test } from 'vitest';
import type { SpanSketch } from '../../testing/builders.ts';
import { flowsOf } from '../../testing/correlator-harness.ts';
import { digestOf } from './digest.ts';
import { repliesToPastAttempts } from './past-attempts.ts';

/**
 * Builds one attempt to handle an order. It sends a request to the bank, and takes the bank's reply
 * if `isAnswered`.
 */
const attempt = (n: number, atMs: number, isAnswered: boolean): SpanSketch[] => {
  const trace = `b${n}`;
  return [
    {
      ...{
        trace,
        id: `${n}1`,
        links: ['a1/2'],
        service: 'orders',
        role: 'process',
        at: atMs,
        ms: 50,
      },
      ...{ destination: 'placed', message: 'm1', system: 'rabbitmq', failed: !isAnswered },
    },
    {
      ...{
        trace,
        id: `${n}2`,
        parent: `${n}1`,
        service: 'orders',
        role: 'send',
        at: atMs + 1,
        ms: 1,
      },
      ...{ destination: 'bank', kind: 'command', message: `ask${n}`, system: 'rabbitmq' },
    },
    {
      ...{
        trace,
        id: `${n}3`,
        parent: `${n}2`,
        service: 'bank',
        role: 'process',
        at: atMs + 5,
        ms: 20,
      },
      ...{ destination: 'bank', kind: 'command', message: `ask${n}`, system: 'rabbitmq' },
    },
    {
      ...{
        trace,
        id: `${n}4`,
        parent: `${n}3`,
        service: 'bank',
        role: 'send',
        at: atMs + 24,
        ms: 1,
      },
      ...{ destination: '(temporary)', kind: 'reply', message: `re${n}`, system: 'rabbitmq' },
    },
    ...(isAnswered
      ? [
          {
            ...{ trace, id: `${n}5`, parent: `${n}4`, service: 'orders', role: 'process' as const },
            ...{ at: atMs + 30, ms: 1, destination: '(temporary)', kind: 'reply' as const },
            ...{ message: `re${n}`, system: 'rabbitmq' },
          },
        ]
      : []),
  ];
};
const placed: SpanSketch[] = [
  { trace: 'a1', id: '1', service: 'shop', role: 'server', ms: 10 },
  {
    ...{ trace: 'a1', id: '2', parent: '1', service: 'shop', role: 'send', at: 5, ms: 1 },
    ...{ destination: 'placed', message: 'm1', system: 'rabbitmq', kind: 'event' },
  },
];
const waitingOf = (...sketches: SpanSketch[]) => {
  const [flow, ...others] = flowsOf(...sketches);
  expect(others).toEqual([]);
  const { messages } = digestOf(flow!, () => 0);
  const asked = flow!.steps.find(({ name, service }) => service === 'orders' && name !== '');
  return {
    attempts: asked!.attempts.length,
    past: repliesToPastAttempts(flow!).size,
    waiting: messages.filter(({ waitingHopId }) => waitingHopId !== null).length,
  };
};

test('a reply to an attempt that is over is owed to nobody', () => {
  expect(waitingOf(...placed, ...attempt(1, 100, false), ...attempt(2, 5000, true))).toEqual({
    ...{ attempts: 2, past: 1, waiting: 0 },
  });
});

test('a reply to the last attempt, or to the only one, is owed', () => {
  expect(waitingOf(...placed, ...attempt(1, 100, false))).toEqual({
    ...{ attempts: 1, past: 0, waiting: 1 },
  });
  expect(waitingOf(...placed, ...attempt(1, 100, false), ...attempt(2, 5000, false))).toEqual({
    ...{ attempts: 2, past: 1, waiting: 1 },
  });
});

import { describe, expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests deliveries that take long. A log event announces such a delivery, and stands for it until
 * the delivery's span has been received.
 */
const send: SpanSketch = {
  ...{ trace: 'a1', id: '1', role: 'send', service: 'shop' },
  ...{ message: 'm1', system: 'rabbitmq', destination: 'orders', at: 0, ms: 5 },
};
const delivery: Omit<SpanSketch, 'trace' | 'id'> = {
  ...{ role: 'process', service: 'desk', links: ['a1/1'], name: 'process orders' },
  ...{ message: 'm1', system: 'rabbitmq', destination: 'orders' },
};
const announced: SpanSketch = {
  ...delivery,
  ...{ trace: 'b1', id: '2', parent: '9', milestone: 'step-started', at: 20, ms: 0 },
};
const taken: SpanSketch = { ...delivery, trace: 'b1', id: '9', at: 10, ms: 500 };
const sentOn: SpanSketch = {
  ...{ trace: 'b1', id: '3', parent: '9', role: 'send', service: 'desk' },
  ...{ message: 'm2', system: 'rabbitmq', destination: 'stock', at: 30, ms: 5 },
};

/** Returns all orders in which spans may arrive. */
const ordersOf = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((item, i) => ordersOf(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));

describe.each(ordersOf([send, announced, sentOn]))('%#: the handler hangs', (...spans) => {
  test('its message was taken, its step runs, and what it sent is in the flow', () => {
    const flows = flowsOf(...spans);
    expect(flows).toHaveLength(1);
    const { steps, hops } = flows[0]!;
    const step = steps.find(({ service }) => service === 'desk')!;
    expect(step).toMatchObject({ status: 'running', name: 'process orders' });
    expect(hops.find(({ message }) => message.id === 'm1')).toMatchObject({
      state: 'delivered',
      to: step.id,
    });
  });
});

test.each(ordersOf([send, announced, taken, sentOn]))(
  '%#: once its span has been received, the delivery is one step with one attempt',
  (...spans) => {
    const flows = flowsOf(...spans);
    expect(flows).toHaveLength(1);
    const { steps, hops } = flows[0]!;
    expect(
      steps.map(({ service, status, attempts }) => [service, status, attempts.length]),
    ).toEqual([
      ['shop', 'ok', 1],
      ['desk', 'ok', 1],
    ]);
    expect(hops.map(({ message, state }) => [message.id, state])).toEqual([
      ['m1', 'delivered'],
      ['m2', 'waiting'],
    ]);
  },
);

test('a handler that hangs on the second delivery runs its second attempt', () => {
  const failed: SpanSketch = { ...taken, failed: true };
  const again: SpanSketch = { ...announced, trace: 'b2', id: '7', parent: '8', at: 900 };
  const [flow, ...others] = flowsOf(send, failed, again);
  expect(others).toEqual([]);
  const step = flow!.steps.find(({ service }) => service === 'desk')!;
  expect(step.status).toBe('running');
  expect(step.attempts.map(({ status }) => status)).toEqual(['failed', 'running']);
});

test('an attempt that had not ended when the message was delivered again was lost', () => {
  const again: SpanSketch = { ...taken, trace: 'b2', id: '7', at: 900, ms: 40 };
  const [flow, ...others] = flowsOf(send, announced, again);
  expect(others).toEqual([]);
  const step = flow!.steps.find(({ service }) => service === 'desk')!;
  expect(step.status).toBe('retried');
  expect(step.end).not.toBeNull();
  expect(step.attempts.map(({ status, error }) => [status, error?.type])).toEqual([
    ['failed', 'lost'],
    ['ok', undefined],
  ]);
});

import { describe, expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests requests that take long. A log event announces such a request, and stands for it until the
 * request's span has been received.
 */
const request: Omit<SpanSketch, 'trace' | 'id'> = {
  ...{ role: 'server', service: 'shop', name: 'POST /orders', route: 'POST /orders' },
};
const announced: SpanSketch = {
  ...request,
  ...{ trace: 'a1', id: '2', parent: '9', milestone: 'step-started', at: 10, ms: 0 },
};
const answered: SpanSketch = { ...request, trace: 'a1', id: '9', at: 10, ms: 500 };
const send: SpanSketch = {
  ...{ trace: 'a1', id: '3', parent: '9', role: 'send', service: 'shop' },
  ...{ message: 'm1', system: 'rabbitmq', destination: 'orders', at: 30, ms: 5 },
};
const delivery: SpanSketch = {
  ...{
    trace: 'b1',
    id: '4',
    role: 'process',
    service: 'desk',
    links: ['a1/3'],
    name: 'process orders',
  },
  ...{ message: 'm1', system: 'rabbitmq', destination: 'orders', at: 50, ms: 5 },
};

/** Returns all orders in which spans may arrive. */
const ordersOf = <T>(items: readonly T[]): T[][] =>
  items.length < 2
    ? [[...items]]
    : items.flatMap((item, i) => ordersOf(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));

describe.each(ordersOf([announced, send, delivery]))('%#: the handler hangs', (...spans) => {
  test('its request is a step that runs, and what it sent is in the flow', () => {
    const flows = flowsOf(...spans);
    expect(flows).toHaveLength(1);
    const { steps, hops, badges } = flows[0]!;
    expect(steps.map(({ service, name, status }) => [service, name, status])).toEqual([
      ['shop', 'POST /orders', 'running'],
      ['desk', 'process orders', 'ok'],
    ]);
    expect(hops.map(({ from, to }) => [from, to])).toEqual([[steps[0]!.id, steps[1]!.id]]);
    expect(badges).not.toContain('missing-parent');
  });
});

test.each(ordersOf([announced, answered, send]))(
  '%#: once its span has been received, the request is one step with one attempt',
  (...spans) => {
    const flows = flowsOf(...spans);
    expect(flows).toHaveLength(1);
    const { steps } = flows[0]!;
    expect(
      steps.map(({ service, name, status, attempts }) => [service, name, status, attempts.length]),
    ).toEqual([['shop', 'POST /orders', 'ok', 1]]);
  },
);

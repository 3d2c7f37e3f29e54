import { describe, expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests messages that a broker moved to another destination. Their consumer took them from the
 * consumer that failed.
 */
const sent: SpanSketch = {
  trace: 'a',
  id: '1',
  role: 'send',
  service: 'shop',
  destination: 'placed',
  system: 'rabbitmq',
};
let count = 1;
const taken = (service: string, destination: string, at: number, failed = false): SpanSketch => ({
  ...{
    trace: 'a',
    id: `${++count}`,
    parent: '1',
    remote: true,
    role: 'process',
    system: 'rabbitmq',
  },
  ...{ service, destination, at, failed },
});
const hopsOf = (...spans: SpanSketch[]): string[] => {
  const [flow] = flowsOf(sent, ...spans);
  const service = (id: string | null): string =>
    flow!.steps.find((step) => step.id === id)!.service;
  return flow!.hops
    .map(
      ({ from, to, state, message }) =>
        `${service(from)} ${message.destination} ${service(to)} ${state}`,
    )
    .sort();
};

describe('after an attempt that failed', () => {
  test.each(['mail.dead', 'dlq', 'x.dlx', 'mail-dlt', 'orders_error', 'mail.parked'])(
    'the taker from %s took a dead letter',
    (place) => {
      const hop = `mail mail filing dead-lettered`;
      expect(hopsOf(taken('mail', 'mail', 10, true), taken('filing', place, 50))).toContain(hop);
      expect(
        hopsOf(
          taken('mail', 'mail', 10, true),
          taken('mail', 'mail', 30, true),
          taken('filing', place, 50),
        ),
      ).toContain(hop);
    },
  );

  test('the service itself may look after its dead letters', () => {
    expect(hopsOf(taken('mail', 'mail', 10, true), taken('mail', 'mail.dead', 50))).toEqual([
      'mail mail mail dead-lettered',
      'shop placed mail delivered',
    ]);
  });

  test('where takers name the place of sending, any other name is a dead letter’s', () => {
    expect(hopsOf(taken('mail', 'placed', 10, true), taken('filing', 'attic', 50))).toContain(
      'mail placed filing dead-lettered',
    );
  });

  test('another queue alone is another subscriber', () => {
    expect(hopsOf(taken('mail', 'mail', 10, true), taken('count', 'count', 50))).toContain(
      'shop placed count delivered',
    );
    expect(hopsOf(taken('mail', 'placed', 10, true), taken('count', 'placed', 50))).toContain(
      'shop placed count delivered',
    );
  });

  test('another try with success, later, makes no dead letter undone', () => {
    expect(
      hopsOf(
        taken('mail', 'mail', 10, true),
        taken('filing', 'dlq', 50),
        taken('mail', 'mail', 90),
      ),
    ).toContain('mail mail filing dead-lettered');
  });

  test.each([
    ['it is still to come', [taken('mail', 'mail', 90, true)]],
    ['another one succeeded', [taken('mail', 'mail', 10, true), taken('mail', 'mail', 30)]],
    ['nobody failed', [taken('mail', 'mail', 10)]],
  ])('of which %s, nothing is a dead letter', (_what, spans) => {
    expect(hopsOf(...spans, taken('filing', 'dlq', 50))).toContain('shop placed filing delivered');
  });
});

test('what a handler that failed put aside by itself is a dead letter', () => {
  const spans = (failed: boolean, destination = 'mail.dlq'): SpanSketch[] => [
    taken('mail', 'mail', 10, failed),
    {
      trace: 'a',
      id: 'b',
      parent: `${count}`,
      role: 'send',
      service: 'mail',
      destination,
      at: 15,
    },
    { ...taken('filing', destination, 50), parent: 'b' },
  ];
  expect(hopsOf(...spans(true))).toContain('mail mail.dlq filing dead-lettered');
  // The dead-letter queue of the handler's own queue takes only messages that were given up, so the
  // message is a dead letter although the handler's span reports no failure.
  expect(hopsOf(...spans(false))).toContain('mail mail.dlq filing dead-lettered');
  expect(hopsOf(...spans(true, 'post.dlq'))).toContain('mail post.dlq filing dead-lettered');
  expect(hopsOf(...spans(false, 'post.dlq'))).toContain('mail post.dlq filing delivered');
});

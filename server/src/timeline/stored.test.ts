import { expect, test } from 'vitest';
import type { SpanSketch } from '../testing/builders.ts';
import { flowsOf } from '../testing/correlator-harness.ts';

/**
 * Tests work that a step stores for later, such as a row of an outbox. It has no send span; the
 * step that takes it up links to the step that stored it.
 */
const relay: SpanSketch = {
  ...{ trace: 'b', id: '2', role: 'process', service: 'shop', links: ['a/1'], at: 1000, ms: 5 },
  ...{ system: 'store', destination: 'outbox' },
};
const storing: [string, SpanSketch][] = [
  ['a request', { trace: 'a', id: '1', role: 'server', service: 'shop', ms: 20 }],
  [
    'the handling of a message',
    {
      ...{ trace: 'a', id: '1', role: 'process', service: 'shop', ms: 20 },
      ...{ message: 'm1', system: 'kafka', destination: 'orders' },
    },
  ],
];

test.each(storing)('what %s stored is a message from it, at the place of the store', (_, by) => {
  const [flow, ...others] = flowsOf(by, relay);
  expect(others).toEqual([]);
  const [first, second] = flow!.steps;
  expect(flow!.hops).toMatchObject([
    {
      ...{ from: first!.id, to: second!.id, state: 'delivered', waitMs: 980 },
      message: { system: 'store', destination: 'outbox', id: '' },
    },
  ]);
});

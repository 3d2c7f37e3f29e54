import { expect, test } from 'vitest';
import { flowsOf } from '../testing/correlator-harness.ts';
import type { SpanSketch } from '../testing/builders.ts';
import { mendedSteps } from './mended.ts';

/** Sketches a step that consumes a message which the step `from` sent. */
const take = (
  id: string,
  from: string,
  at: number,
  more: Partial<SpanSketch> = {},
): SpanSketch[] => [
  { trace: from, id: `${id}0`, parent: from, role: 'send', at: at - 2, ms: 1, destination: 'card' },
  {
    ...{ trace: id, id, role: 'process', service: 'bank', at, ms: 5, destination: 'card' },
    ...{ links: [`${from}/${id}0`], step: { name: 'charge card' } },
    ...more,
  },
];
const order: SpanSketch = {
  trace: 'a',
  id: 'a',
  role: 'server',
  service: 'shop',
  ms: 3,
  flow: 'f',
};
const mendedIn = (...sketches: SpanSketch[]): number => {
  const flows = flowsOf(...sketches);
  expect(flows).toHaveLength(1);
  return mendedSteps(flows[0]!.steps, flows[0]!.hops).size;
};
const outcomeOf = (...sketches: SpanSketch[]): unknown => flowsOf(...sketches)[0]!.idleOutcome;

test('a new try that followed from the failure mends it, and the flow is not failed', () => {
  const tries = [order, ...take('b', 'a', 10, { failed: true }), ...take('c', 'b', 30)];
  expect(mendedIn(...tries)).toBe(1);
  expect(outcomeOf(...tries)).toBe('completed');
});

test('a try that failed again mends nothing; one after it mends both', () => {
  const twice = [
    order,
    ...take('b', 'a', 10, { failed: true }),
    ...take('c', 'b', 30, { failed: true }),
  ];
  expect(mendedIn(...twice)).toBe(0);
  expect(outcomeOf(...twice)).toBe('failed');
  expect(mendedIn(...twice, ...take('d', 'c', 50))).toBe(2);
});

test('the same step for another item of the order, or another step, mends nothing', () => {
  const items = [order, ...take('b', 'a', 10, { failed: true }), ...take('c', 'a', 30)];
  expect(mendedIn(...items)).toBe(0);
  expect(outcomeOf(...items)).toBe('failed');
  const other = take('c', 'b', 30, { step: { name: 'cancel order' } });
  expect(mendedIn(order, ...take('b', 'a', 10, { failed: true }), ...other)).toBe(0);
});

test('what succeeded before the failure mends nothing', () => {
  expect(mendedIn(order, ...take('b', 'a', 10), ...take('c', 'b', 30, { failed: true }))).toBe(0);
});

test('taking what was set aside is no new try, though the step has the same name', () => {
  const failed = [order, ...take('b', 'a', 10, { failed: true })];
  const aside = take('c', 'b', 30, { dead: true, destination: 'card.dlq' });
  expect(mendedIn(...failed, ...aside)).toBe(0);
  expect(outcomeOf(...failed, ...aside)).toBe('failed');
  // A message that is sent back from the dead-letter queue, and is then processed successfully,
  // counts as a later try.
  expect(mendedIn(...failed, ...aside, ...take('d', 'c', 50))).toBe(1);
});

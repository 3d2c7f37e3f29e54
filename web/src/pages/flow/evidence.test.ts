import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { evidenceOf } from './evidence.ts';

const hop = (id: string, to: string | null, ...kinds: [string, number][]): object => ({
  id,
  from: 'a',
  to,
  message: { type: 'Placed', destination: 'orders' },
  evidence: kinds.map(([kind, strength]) => ({ kind, strength })),
  confidence: Math.max(0, ...kinds.map(([, strength]) => strength)),
});

test('joins with the same evidence are one group, and a message that nobody took has none', () => {
  const flow = {
    steps: [
      { id: 'a', service: 'shop', name: 'place' },
      {
        id: 'b',
        service: 'ship',
        name: 'pack',
        joinedBy: [{ kind: 'identity-key', strength: 0.5, value: 'order.id=42' }],
      },
    ],
    hops: [
      hop('1', 'b', ['message-id', 0.7], ['link', 0.95]),
      hop('2', 'b', ['link', 0.95], ['message-id', 0.7]),
      hop('3', null),
    ],
  } as unknown as Flow;
  const { hops, steps } = evidenceOf(flow);
  expect(hops.map(({ reason, strength, edges }) => [reason, strength, edges.length])).toEqual([
    ['trace link, and message id', 0.95, 2],
    ['no evidence yet: not taken by anybody', null, 1],
  ]);
  expect(hops[0]!.edges[0]).toEqual({
    id: '1',
    stepId: 'b',
    text: 'shop: place → ship: pack',
    value: 'Placed',
  });
  expect(steps.map(({ reason, edges }) => [reason, edges[0]!.value])).toEqual([
    ['business key', 'order.id=42'],
  ]);
});

test('a delivery that is only guessed is not called certain, although the flow is', () => {
  const guessed = { ...hop('1', 'b', ['flow-id', 1], ['place', 0.4]), confidence: 0.4 };
  const { hops } = evidenceOf({ steps: [], hops: [guessed] } as unknown as Flow);
  expect(hops.map(({ reason, strength }) => [reason, strength])).toEqual([
    ['flow id, and the only message of this flow that was sent there (a guess)', 0.4],
  ]);
});

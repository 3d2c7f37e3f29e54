import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { evidenceOf } from './evidence.ts';

const hop = (id: string, to: string | null, ...kinds: [string, number][]): object => ({
  id,
  from: 'a',
  to,
  message: { type: 'Placed', destination: 'orders' },
  evidence: kinds.map(([kind, strength]) => ({ kind, strength })),
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

import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { timeSpentOf } from './time-spent.ts';

test('shares are of the whole duration, and what happened several times between the same two counts together', () => {
  const at = (ms: number): string => String(1_700_000_000_000_000_000n + BigInt(ms) * 1_000_000n);
  const segment = (kind: string, stepId: string | null, hopId: string | null, from: number, to: number) => ({
    kind,
    stepId,
    hopId,
    startUnixNano: at(from),
    endUnixNano: at(to),
  });
  const flow = {
    startedAtUnixNano: at(0),
    durationMs: 200,
    steps: [
      { id: 'a', service: 'shop', name: 'order' },
      { id: 'b', service: 'ship', name: 'pack' },
    ],
    hops: [
      { id: 'h1', from: 'a', to: 'b' },
      { id: 'h2', from: 'a', to: 'b' },
      { id: 'h3', from: null, to: 'b' },
    ],
    timeSpent: [
      { kind: 'queue-wait', ms: 140 },
      { kind: 'processing', ms: 50 },
      { kind: 'unknown', ms: 10 },
    ],
    criticalPath: [
      segment('processing', 'a', null, 0, 10),
      segment('queue-wait', null, 'h1', 10, 60),
      segment('unknown', null, null, 60, 70),
      segment('queue-wait', null, 'h2', 70, 150),
      segment('queue-wait', null, 'h3', 150, 160),
      segment('processing', 'b', null, 160, 200),
    ],
  } as unknown as Flow;
  const { kinds, longest } = timeSpentOf(flow);
  expect(kinds).toEqual([
    { kind: 'queue-wait', ms: 140, share: 0.7 },
    { kind: 'processing', ms: 50, share: 0.25 },
    { kind: 'unknown', ms: 10, share: 0.05 },
  ]);
  expect(longest.map(({ who, ms, stepId }) => [who, ms, stepId])).toEqual([
    ['shop → ship', 130, 'b'],
    ['ship: pack', 40, 'b'],
    ['shop: order', 10, 'a'],
    ['nothing says why', 10, null],
  ]);
});

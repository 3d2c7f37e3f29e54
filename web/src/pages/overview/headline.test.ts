import type { FlowSummary } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { headline, longestHeld } from './headline.ts';

const NOW = 1_700_000_000_000;
const flow = (heldMs: number, step: string | null): FlowSummary =>
  ({
    lastProgressAtUnixNano: `${NOW - heldMs}000000`,
    findings: [{ step }],
  }) as unknown as FlowSummary;

test('whether anything is stuck is a sentence', () => {
  expect(headline(0, 0, undefined, NOW)).toBe('Nothing is stuck.');
  expect(headline(0, 1, undefined, NOW)).toBe('Nothing is stuck. 1 flow is late.');
  const oldest = longestHeld([flow(60_000, 'a'), flow(600_000, 'ship order'), flow(5, 'b')]);
  expect(headline(3, 9, oldest, NOW)).toBe(
    '3 flows are stuck, one for 10 m 0 s: it waits for ship order.',
  );
  expect(headline(1, 0, flow(90_000, null), NOW)).toBe('1 flow is stuck for 1 m 30 s.');
  expect(longestHeld([])).toBeUndefined();
});

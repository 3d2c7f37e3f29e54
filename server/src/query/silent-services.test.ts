import { expect, test } from 'vitest';
import { silentFrom } from './silent-services.ts';

const NOW_MS = 1_800_000_000_000;
const nanos = (ms: number): string => String(BigInt(ms) * 1_000_000n);
const HOUR_MS = 3_600_000;

test.each([
  ['busy: after five minutes', 5000, HOUR_MS, 300_000],
  ['needed every two minutes: after twenty of these', 60, 2 * HOUR_MS, 20 * 120_000],
  ['needed so far this often: never, as nobody knows', 19, HOUR_MS, null],
  ['all steps at once: after five minutes', 20, 0, 300_000],
])('%s', (_, steps, heardForMs, afterMs) => {
  const from = silentFrom({
    ...{ name: 'desk', environment: 'live', steps },
    ...{ firstSeen: nanos(NOW_MS - heardForMs), lastSeen: nanos(NOW_MS) },
  });
  expect(from === null ? null : Number(from / 1_000_000n) - NOW_MS).toBe(afterMs);
});

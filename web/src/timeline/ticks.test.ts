import { expect, test } from 'vitest';
import { createScale } from './scale.ts';
import { roundStep, ticksOf } from './ticks.ts';

test('distances between ticks are round in the units that people use', () => {
  expect(
    [3, 700, 12_000, 40_000, 100_000, 1_000_000, 10_000_000, 60_000_000].map(roundStep),
  ).toEqual([5, 1000, 20_000, 60_000, 120_000, 1_800_000, 21_600_000, 86_400_000]);
});

test('labels of marks give way where there is no room, and ticks give way to them', () => {
  const scale = createScale([], { from: 0, to: 1000 }, () => Infinity);
  const at = (ms: number) => ({ kind: 'late' as const, ms });
  const roomOf = (ms: number): string | undefined =>
    ticksOf(scale, 1, [at(ms)], 1000).marks[0]?.room;
  expect([500, 950, 990].map(roomOf)).toEqual(['all', 'word', 'none']);
  expect([500, 950].map((ms) => ticksOf(scale, 1, [at(ms)], 1000).nowNamed)).toEqual([true, false]);
  const { ticks } = ticksOf(scale, null, [at(500)], 1000);
  expect(ticks.map(({ label }) => label)).toEqual([
    '0',
    '100 ms',
    '200 ms',
    '300 ms',
    '400 ms',
    '600 ms',
    '700 ms',
    '800 ms',
    '900 ms',
  ]);
});

import { describe, expect, test } from 'vitest';
import { createWaits, type Waits } from './waits.ts';

const waits = (...samples: [ms: number, count: number, isHeldUp?: boolean][]): Waits => {
  const made = createWaits();
  for (const [ms, count, isHeldUp = false] of samples)
    for (let i = 0; i < count; i++) made.add(ms, isHeldUp);
  return made;
};

describe('a wait is bounded by what was seen, times a small factor', () => {
  test.each([
    [
      'two humps',
      [
        [5, 90],
        [60_000, 10],
      ],
      60_000,
    ],
    [
      'half of them long',
      [
        [5, 50],
        [1_800_000, 50],
      ],
      1_800_000,
    ],
    ['all alike', [[5000, 200]], 5000],
  ] as [string, [number, number][], number][])('%s', (_what, samples, longest) => {
    const stuck = waits(...samples).stuck();
    expect(stuck).toBeGreaterThan(1.9 * longest);
    expect(stuck).toBeLessThan(4.3 * longest);
  });
  test('one accident among many is none of what is usual', () => {
    expect(waits([5, 140], [130_000, 1]).stuck()).toBeLessThan(100);
    expect(waits([5, 1000], [130_000, 4]).stuck()).toBeLessThan(100);
    expect(waits([5, 940], [130_000, 60]).stuck()).toBeGreaterThan(130_000);
  });
});

describe('waits that were held up', () => {
  test('count for nothing while most were not', () => {
    expect(waits([5, 140], [60_000, 210, true]).stuck()).toBeLessThan(100);
  });
  test('are what is usual where they are the rule, or all that is known', () => {
    expect(waits([5, 10], [60_000, 90, true]).late()).toBeGreaterThan(50_000);
    expect(waits([60_000, 30, true]).late()).toBeGreaterThan(50_000);
  });
  test('are stored apart, and what was stored before is read', () => {
    const before = waits([5, 140], [60_000, 20, true]);
    const stored = JSON.stringify(before);
    expect(createWaits(JSON.parse(stored)).stuck()).toBe(before.stuck());
    expect(createWaits([[3, 100]]).count).toBe(100);
  });
});

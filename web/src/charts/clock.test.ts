import { expect, test } from 'vitest';
import { clockOf } from './clock.ts';

const at = (...ms: number[]): string[] => ms.map((one) => new Date(one).toISOString());
const NOON = new Date(2026, 5, 10, 12, 0, 5).getTime();

test('times have seconds if columns are short, and days if there are several', () => {
  expect(clockOf(at(NOON, NOON + 60_000))(NOON)).toBe('12:00');
  expect(clockOf(at(NOON, NOON + 5000))(NOON)).toBe('12:00:05');
  expect(clockOf(at(NOON, NOON + 60_000, NOON + 2 * 86_400_000))(NOON)).toMatch(/10.*12:00$/);
  expect(clockOf([])(NOON)).toBe('12:00');
});

import { expect, test } from 'vitest';
import { trendLine } from './trend-line.ts';

test('the largest number is at the top, nothing at the bottom', () => {
  expect(trendLine([0, 5, 10], 100, 20)).toBe('0,20 50,10 100,0');
});

test('without any flow the line lies at the bottom', () => {
  expect(trendLine([0, 0], 10, 8)).toBe('0,8 10,8');
  expect(trendLine([], 10, 8)).toBe('');
});

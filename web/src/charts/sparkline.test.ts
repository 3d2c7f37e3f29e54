import { expect, test } from 'vitest';
import { sparkline } from './sparkline.ts';

test('the largest number is at the top, nothing at the bottom', () => {
  expect(sparkline([0, 5, 10], 100, 20)).toBe('0,20 50,10 100,0');
});

test('without any flow the line lies at the bottom', () => {
  expect(sparkline([0, 0], 10, 8)).toBe('0,8 10,8');
  expect(sparkline([], 10, 8)).toBe('');
});

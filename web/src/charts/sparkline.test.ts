import { expect, test } from 'vitest';
import { barsOf, sparkText } from './sparkline.ts';

test('bars are as high as the highest allows, and none that counts is invisible', () => {
  expect(barsOf([0, 1, 100, 50]).map(({ height }) => height)).toEqual([0, 0.12, 1, 0.5]);
  expect(barsOf([0, 0]).map(({ height }) => height)).toEqual([0, 0]);
});

test('a sparkline in words', () => {
  const time = (part: number): string => `part ${part}`;
  expect(sparkText([0, 3, 9, 0], time)).toBe('At most 9 at part 2, last at part 2');
  expect(sparkText([0, 0], time)).toBe('None in this time');
});

import { expect, test } from 'vitest';
import { changeOfCount, changeOfMs, percent } from './change.ts';
import { counted } from '@fermata/server/words';

test('a share has as many digits as it needs, and is not all if it is less', () => {
  expect([0, 0.0004, 0.034, 0.412, 0.998, 1].map(percent)).toEqual([
    '0 %',
    '< 0.1 %',
    '3.4 %',
    '41 %',
    '> 99 %',
    '100 %',
  ]);
});

test('a change has a sign, and one that nobody would act on is none', () => {
  expect(changeOfMs(7000, 1000)).toBe('+6.00 s');
  expect(changeOfMs(70, 100)).toBe('−30 ms');
  expect(changeOfMs(1000, 1005)).toBe('—');
  expect(changeOfCount(5, 5)).toBe('—');
  expect(changeOfCount(2, 1200)).toBe('−1,198');
});

test('a count has its noun', () => {
  expect(counted(1, 'flow')).toBe('1 flow');
  expect(counted(12310, 'flow')).toBe('12,310 flows');
});

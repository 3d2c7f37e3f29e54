import { expect, test } from 'vitest';
import { bar, columnsOf } from './bars.ts';

test('a part takes one character at least, and later parts cover earlier ones', () => {
  expect(
    bar(
      [
        { from: 0, to: 1, mark: '·' },
        { from: 0.5, to: 0.5, mark: '█' },
      ],
      4,
    ),
  ).toBe('··█·');
});

test('columns are as high as their share of the greatest, and nothing is a space', () => {
  expect(columnsOf([0, 1, 4, 8])).toBe(' ▁▄█');
  expect(columnsOf([0, 0])).toBe('  ');
  expect(columnsOf([1, 1000])).toBe('▁█');
});

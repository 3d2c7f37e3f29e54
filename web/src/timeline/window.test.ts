import { expect, test } from 'vitest';
import { between, moved, readWindow, writeWindow, zoomed } from './window.ts';

test('a window is written into the address and read from it; what is none is all of it', () => {
  expect(readWindow('200-1500.5')).toEqual({ from: 200, to: 1500.5 });
  expect(writeWindow({ from: 0.12345, to: 7 })).toBe('0.123-7');
  expect(writeWindow(null)).toBe('');
  for (const text of [null, '', '5', '5-5', '9-1', '-1-4', 'a-b', '1e3-2e3'])
    expect(readWindow(text)).toBeNull();
});

test('zooming leaves in place what one looks at, and stays inside', () => {
  expect(zoomed([0, 1], 0.5)).toEqual([0.25, 0.75]);
  expect(zoomed([0, 1], 0.5, 0)).toEqual([0, 0.5]);
  expect(zoomed([0.5, 1], 2, 1)).toEqual([0, 1]);
  expect(zoomed([0.2, 0.3], 100)).toEqual([0, 1]);
  const [from, to] = zoomed([0.5, 0.5001], 0.1);
  expect(to - from).toBeCloseTo(1 / 2000);
  expect(moved([0.5, 0.75], 0.5)).toEqual([0.625, 0.875]);
  expect(moved([0.5, 0.75], 9)).toEqual([0.75, 1]);
  expect(between(0.7, 0.2)).toEqual([0.2, 0.7]);
});

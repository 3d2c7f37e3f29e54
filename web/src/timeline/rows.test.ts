import { expect, test } from 'vitest';
import { createRows } from './rows.ts';

const bar = (from: number, to: number, characters: number) => ({ from, to, characters });

test('a name is inside of its bar if it fits, otherwise where there is room', () => {
  const rows = createRows(1000, true);
  expect(rows.place(bar(0, 0.5, 20)).label).toBe('inside');
  expect(rows.place(bar(0.5, 0.52, 20)).label).toBe('right');
  expect(rows.place(bar(0.95, 0.96, 20)).label).toBe('left');
  expect(rows.place(bar(0.1, 0.11, 2000)).label).toBe('none');
  expect(rows.place({ ...bar(0.1, 0.6, 20), isFilled: true }).label).toBe('right');
  // Beside this bar there is no room, and inside of it are its attempts.
  expect(rows.place({ ...bar(0.1, 0.95, 20), isFilled: true }).label).toBe('over');
});

test('neither bars nor names overlap in a row', () => {
  const rows = createRows(1000, true);
  expect(rows.place(bar(0, 0.01, 20)).row).toBe(0);
  expect(rows.place(bar(0.05, 0.06, 20)).row).toBe(1);
  expect(rows.place(bar(0.4, 0.41, 20)).row).toBe(0);
  expect(rows.count()).toBe(2);
});

import { expect, test } from 'vitest';
import { columnsOf } from './columns.ts';

const at = (minute: number): string => new Date(minute * 60_000).toISOString();

test('a time in which nothing was counted has its column, too', () => {
  const columns = columnsOf(
    [
      { at: at(1), flows: 2 },
      { at: at(4), flows: 1 },
    ],
    60_000,
  );
  expect(columns.map(({ count }) => count)).toEqual([2, 0, 0, 1]);
  expect(columns[1]!.atMs).toBe(120_000);
  expect(columnsOf([], 60_000)).toEqual([]);
});

test('too long a time is shown without its empty columns', () => {
  const columns = columnsOf(
    [
      { at: at(1), flows: 2 },
      { at: at(9999), flows: 1 },
    ],
    60_000,
  );
  expect(columns).toHaveLength(2);
});

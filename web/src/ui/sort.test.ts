import { expect, test } from 'vitest';
import { nextOrder, sorted, type Row } from './sort.ts';

const rows: Row[] = [
  { id: 'a', cells: [{ text: 'mailer' }, { text: '1 s', sort: 1000 }] },
  { id: 'b', cells: [{ text: 'checkout' }, { text: '90 ms', sort: 90 }] },
  { id: 'c', cells: [{ text: 'stock' }, { text: '90 ms', sort: 90 }] },
];
const ids = (order: Parameters<typeof sorted>[1]): string =>
  sorted(rows, order)
    .map(({ id }) => id)
    .join('');

test('rows are sorted by text or by the number behind it', () => {
  expect(ids(null)).toBe('abc');
  expect(ids({ column: 0, isDescending: false })).toBe('bac');
  expect(ids({ column: 1, isDescending: true })).toBe('abc');
  expect(ids({ column: 1, isDescending: false })).toBe('bca');
});

test('a column is first sorted in the order of interest, then in the other', () => {
  expect(nextOrder(null, 1, true)).toEqual({ column: 1, isDescending: true });
  expect(nextOrder(null, 0, false)).toEqual({ column: 0, isDescending: false });
  expect(nextOrder({ column: 1, isDescending: true }, 1, true).isDescending).toBe(false);
});

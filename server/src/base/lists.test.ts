import { expect, test } from 'vitest';
import {
  append,
  countWhile,
  cutTo,
  flatMapped,
  groupedBy,
  inOrder,
  pushAll,
  smallestOf,
} from './lists.ts';

test('flatMapped gives what flatMap gives', () => {
  const twice = (n: number): number[] => Array<number>(n).fill(n);
  expect(flatMapped([2, 0, 1], twice)).toEqual([2, 0, 1].flatMap(twice));
  expect(flatMapped([], twice)).toEqual([]);
});

test('any number may be put at the end of a list, and the smallest of any number found', () => {
  const many = Array.from({ length: 300_000 }, (_, i) => 300_000 - i);
  const list = [0];
  pushAll(list, many);
  pushAll(list, new Set([7]));
  expect([list.length, list.at(-1)]).toEqual([300_002, 7]);
  expect(smallestOf(many)).toBe(1);
  expect([smallestOf([3, -2, 5]), smallestOf([])]).toEqual([-2, Infinity]);
});

test.each([
  [[1, 2, 3], 2, [1, 2], true],
  [[1, 2], 2, [1, 2], false],
  [[], 2, [], false],
  [[1], 0, [], true],
])('%j cut to %i', (list, most, items, incomplete) => {
  expect(cutTo(list, most)).toEqual({ items, incomplete });
});

test('inOrder copies a list only if it has to be sorted', () => {
  const by = (a: string, b: string): number => a.charCodeAt(0) - b.charCodeAt(0);
  const sorted = ['a1', 'a2', 'b'];
  expect(inOrder(sorted, by)).toBe(sorted);
  const list = ['b', 'a2', 'a1'];
  expect(inOrder(list, by)).toEqual(['a2', 'a1', 'b']);
  expect(list).toEqual(['b', 'a2', 'a1']);
});

test('countWhile finds where a sorted list ends to be so, for every length and place', () => {
  for (let length = 0; length <= 9; length++)
    for (let end = 0; end <= length; end++) {
      const list = Array.from({ length }, (_, i) => i);
      expect(countWhile(list, (one) => one < end)).toBe(end);
    }
});

test('countWhile looks at few of many', () => {
  let looked = 0;
  const list = Array.from({ length: 1_000_000 }, (_, i) => i);
  const found = countWhile(list, (one) => {
    looked++;
    return one < 765_432;
  });
  expect(found).toBe(765_432);
  expect(looked).toBeLessThan(25);
});

test('groups keep the order of the list, within and among themselves', () => {
  const groups = groupedBy(['b1', 'a1', 'b2', 'c1', 'a2'], (one) => one[0]!);
  expect([...groups]).toEqual([
    ['b', ['b1', 'b2']],
    ['a', ['a1', 'a2']],
    ['c', ['c1']],
  ]);
});

test('append begins a list or goes on with it', () => {
  const lists = new Map<string, number[]>();
  append(lists, 'a', 1);
  append(lists, 'b', 2);
  append(lists, 'a', 3);
  expect(Object.fromEntries(lists)).toEqual({ a: [1, 3], b: [2] });
});

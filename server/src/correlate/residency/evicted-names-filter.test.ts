import { expect, test } from 'vitest';
import { hashesOf } from '../../base/name-hash.ts';
import { createEvictedNamesFilter } from './evicted-names-filter.ts';

/** Sizes, in cache lines, of the two filters of a generation. They hold 32 and 64 names. */
const SMALL = [2, 4];
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `trace-${from + i}`);

test('no name is missed, whether it was added or came as a hash', () => {
  const filter = createEvictedNamesFilter();
  expect(filter.has('t\0', 'trace-0')).toBe(false);
  for (const name of names(0, 1000)) filter.add('t\0', name);
  filter.addHashes(hashesOf(names(1000, 2000).map((name) => `t\0${name}`)));
  expect(names(0, 2000).filter((name) => !filter.has('t\0', name))).toEqual([]);
  expect(filter.has('t', '\0trace-0'), 'prefix and text are one name').toBe(true);
});

test('few other names are taken for one of them, in a full filter too', () => {
  const filter = createEvictedNamesFilter([2 ** 10]);
  for (const name of names(0, filter.most)) filter.add('', name);
  expect(filter.isCrowded).toBe(false);
  const wrong = names(1_000_000, 1_200_000).filter((name) => filter.has('', name));
  expect(wrong.length).toBeLessThan(200_000 * 0.00005);
});

test('a name that is added again takes no room', () => {
  const filter = createEvictedNamesFilter(SMALL);
  for (let i = 0; i < 1000; i++) for (const name of names(0, 20)) filter.add('', name);
  expect(filter.size).toBe(20);
});

test('two generations are kept; what was added anew outlives the eldest', () => {
  const filter = createEvictedNamesFilter(SMALL);
  const { most } = filter;
  let added = 0;
  while (!filter.isCrowded) filter.add('', `trace-${added++}`);
  // The size is a little below the number of added names, because of false positives.
  expect(added).toBeGreaterThan(2 * most);
  expect(
    names(0, added).filter((name) => !filter.has('', name)),
    'until told to, nothing is forgotten',
  ).toEqual([]);
  filter.beginRotation();
  for (const name of names(0, 10)) filter.add('', name);
  filter.rotate();
  expect(filter.isCrowded).toBe(false);
  expect(names(0, 10).filter((name) => !filter.has('', name))).toEqual([]);
  expect(names(most + 10, added).filter((name) => !filter.has('', name))).toEqual([]);
  expect(names(10, most - 10).filter((name) => filter.has('', name)).length).toBeLessThan(
    most / 10,
  );
  filter.beginRotation();
  filter.rotate();
  expect(filter.size, 'not below two generations').toBeGreaterThan(most);
});

test('what has to stay stays, however much it is; the rest is bounded all the same', () => {
  const filter = createEvictedNamesFilter(SMALL);
  const open = names(0, 4 * filter.most);
  let added = open.length;
  const sizes: number[] = [];
  for (let i = 0; i < 8; i++) {
    while (!filter.isCrowded) filter.add('', `trace-${added++}`);
    filter.beginRotation();
    for (const name of open) filter.add('', name);
    filter.rotate();
    sizes.push(filter.size);
    expect(open.filter((name) => !filter.has('', name))).toEqual([]);
    expect(filter.isCrowded).toBe(false);
  }
  expect(Math.max(...sizes)).toBeLessThan(open.length + 4 * filter.most);
});

import { describe, expect, test } from 'vitest';
import { createHistogram } from './histogram.ts';
import { createOutcomeSets, wilson, type OutcomeSets } from './outcome-sets.ts';

const taught = (sets: Record<string, number>): OutcomeSets =>
  createOutcomeSets(
    Object.entries(sets).map(([members, count]) => [
      members === '' ? [] : members.split(' '),
      count,
    ]),
  );
const certain = (sets: OutcomeSets, ...seen: string[]): string[] | undefined =>
  sets.expectedAfter(seen)?.certain.map(({ key }) => key);
const oneOf = (sets: OutcomeSets, ...seen: string[]): string[] | undefined =>
  sets.expectedAfter(seen)?.oneOf.map(({ key }) => key);

describe('what is owed after what has come', () => {
  test('one after the other: certain, until it comes', () => {
    const sets = taught({ b: 1000 });
    expect(certain(sets)).toEqual(['b']);
    expect(sets.expectedAfter(['b'])).toBeNull();
  });
  test('too few samples: nothing is said', () => {
    expect(taught({ b: 99 }).expectedAfter([])).toBeNull();
    expect(taught({ b: 100 }).expectedAfter([])).toMatchObject({ provisional: true });
    expect(taught({ b: 1000 }).expectedAfter([])).toMatchObject({ provisional: false });
  });
  test('parallel branches: each that has not come', () => {
    const sets = taught({ 'b c d': 1000 });
    expect(certain(sets, 'b')).toEqual(['c', 'd']);
  });
  test('an exclusive choice: one of both, also where one is rare', () => {
    expect(oneOf(taught({ b: 700, c: 300 }))).toEqual(['b', 'c']);
    expect(taught({ b: 700, c: 300 }).expectedAfter(['c'])).toBeNull();
    expect(oneOf(taught({ b: 900, c: 100 }))).toEqual(['b', 'c']);
  });
  test.each<[string, Record<string, number>, string[] | undefined]>([
    ['97 to 3 of 200', { b: 194, c: 6 }, ['b', 'c']],
    ['95 to 5 of 120, in which a rare ending may not have come yet', { b: 114, c: 6 }, undefined],
    ['95 to 5 of 200', { b: 190, c: 10 }, ['b', 'c']],
    ['three ways, two of them rare', { b: 190, c: 6, d: 4 }, ['b', 'c', 'd']],
    ['97 to 3 of 120, which may be chance', { b: 116, c: 4 }, undefined],
    ['97 to 3 of 200, of which two have both', { b: 192, c: 6, 'b c': 2 }, undefined],
    ['97 to 3 of 200, of which one has none', { b: 193, c: 6, '': 1 }, undefined],
  ])(
    'that each has exactly one is no chance, or too little to say: %s',
    (_what, sets, expected) => {
      expect(oneOf(taught(sets))).toEqual(expected);
      // Who has one of them owes nothing more.
      expect(taught(sets).expectedAfter(['b'])).toBeNull();
    },
  );
  test('eight optional consumers: nothing is owed by whoever heard five of them', () => {
    const sets = createOutcomeSets();
    const names = ['1', '2', '3', '4', '5', '6', '7', '8'];
    // Adds every set of consumers as often as it occurs if each consumer takes a message with a
    // probability of 0.9.
    for (let mask = 0; mask < 256; mask++) {
      const members = names.filter((_, i) => mask & (1 << i));
      sets.add(members, 3500 * 0.9 ** members.length * 0.1 ** (8 - members.length));
    }
    expect(sets.expectedAfter(['1', '2', '3', '4', '5'])).toBeNull();
    // By chance alone, practically every message is taken by at least one consumer.
    expect(sets.expectedAfter([])?.oneOf).toHaveLength(8);
  });
  test('a rare but legal ending is legal; a noisy set among thousands silences nothing', () => {
    expect(taught({ b: 970, '': 30 }).expectedAfter([])).toBeNull();
    expect(certain(taught({ b: 3500, '': 1 }))).toEqual(['b']);
  });
  test('a combination that was hardly ever seen is judged without its rarest part', () => {
    const sets = taught({ 'b c': 1000, 'b c x': 2 });
    expect(certain(sets, 'b', 'x')).toEqual(['c']);
  });
  test('what was taught can be taken back', () => {
    const sets = taught({ b: 200, '': 3 });
    expect(sets.expectedAfter([])).toBeNull();
    sets.add([], -3);
    expect(certain(sets)).toEqual(['b']);
    expect(createOutcomeSets(sets.toJSON()).expectedAfter([])).toEqual(sets.expectedAfter([]));
  });
  test('memory is bounded by count: the newest half weighs as much as all before', () => {
    const sets = taught({ b: 3999 });
    for (let i = 0; i < 3000; i++) sets.add(['c'], 1);
    expect(sets.total).toBeLessThan(4001);
    expect(sets.countOf(['c'])).toBeGreaterThan(sets.countOf(['b']));
  });
});

test('the interval of Wilson holds the known values', () => {
  expect(wilson(0, 100).upper).toBeCloseTo(0.037, 3);
  expect(wilson(95, 100).lower).toBeCloseTo(0.888, 3);
});

test('quantiles are within 5 %, and survive storage', () => {
  const histogram = createHistogram();
  for (let i = 1; i <= 1000; i++) histogram.add(i);
  expect(histogram.quantile(0.5) / 500).toBeCloseTo(1, 1);
  expect(histogram.quantile(0.999) / 999).toBeCloseTo(1, 1);
  expect(createHistogram(histogram.toJSON()).quantile(0.9)).toBe(histogram.quantile(0.9));
  histogram.add(1000, -1);
  expect(histogram.count).toBe(999);
});

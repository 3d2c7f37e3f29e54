import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { createCounted } from './counted.ts';

const HOUR = 3_600_000;
const PASSING = 'fermata_types_not_learned_total';
const STAYING = 'fermata_broken_parts_total';

function bench() {
  const clock = manualClock();
  const counters = createCounters();
  const conditions = createCounted(clock, counters);
  return { clock, counters, conditions, ids: () => conditions().map(({ id }) => id) };
}

test('what nobody counts on is no condition', () => {
  const { counters, ids } = bench();
  counters.add('fermata_commits_total', 5);
  counters.add(PASSING, 0);
  expect(ids()).toEqual([]);
});

test('what is counted goes on for an hour after it happened last, and blocks nothing', () => {
  const { clock, counters, conditions, ids } = bench();
  const since = clock.now();
  counters.add(PASSING);
  expect(conditions()).toMatchObject([{ id: 'types-not-learned', since, blocks: false }]);
  clock.advance(HOUR - 1);
  expect(ids()).toEqual(['types-not-learned']);
  clock.advance(1);
  expect(ids()).toEqual([]);
});

test('what happens again goes on since it began; after a pause it begins anew', () => {
  const { clock, counters, conditions } = bench();
  const since = clock.now();
  counters.add(PASSING);
  conditions();
  clock.advance(HOUR / 2);
  counters.add(PASSING);
  expect(conditions()).toMatchObject([{ since }]);
  clock.advance(2 * HOUR);
  counters.add(PASSING);
  expect(conditions()).toMatchObject([{ since: clock.now() }]);
});

test('what is lost stays so', () => {
  const { clock, counters, ids } = bench();
  counters.add(STAYING);
  ids();
  clock.advance(100 * HOUR);
  expect(ids()).toEqual(['broken-parts']);
});

test('what a condition says has a text and a hint', () => {
  const { counters, conditions } = bench();
  counters.add(STAYING);
  for (const { text, hint } of conditions()) {
    expect(text).not.toBe('');
    expect(hint).not.toBe('');
  }
  expect(conditions()).toHaveLength(1);
});

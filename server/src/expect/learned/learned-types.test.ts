import { expect, test } from 'vitest';
import { createCounters } from '../../base/counters.ts';
import { createLearnedTypes } from './learned-types.ts';
import { createTypeModel } from './model.ts';

const MAX_TYPES = 10;
const bench = (kept: Record<string, number> = {}) => {
  const counters = createCounters();
  const types = createLearnedTypes(counters, MAX_TYPES);
  const use = (type: string, times = 1): void => {
    for (let i = 0; i < times; i++) {
      types.of(type).flows.add(['step'], 1);
      types.used(type);
    }
  };
  for (const [type, times] of Object.entries(kept)) use(type, times);
  const counted = (name: string): number =>
    counters.read().find((one) => one.name === name)?.value ?? 0;
  return { types, use, counted };
};
const junk = (count: number): string[] => Array.from({ length: count }, (_, i) => `junk ${i}`);

test('junk displaces junk, and never what taught a hundred times, or more often than itself', () => {
  const { types, use, counted } = bench({ old: 100, young: 30 });
  for (const type of junk(1000)) use(type);
  expect([...types]).toHaveLength(MAX_TYPES);
  expect([types.has('old'), types.has('young')]).toEqual([true, true]);
  expect(types.of('young').flows.total).toBe(30);
  expect(counted('fermata_learned_types_evicted_total')).toBe(1000 - (MAX_TYPES - 2));
  // A new type is learned completely, although five junk types arrive with each of its flows.
  for (let i = 0; i < 120; i++) {
    use('new');
    for (const type of junk(5)) types.of(`more ${i} ${type}`);
  }
  expect(types.of('new').flows.total).toBe(120);
});

test('the longest unused goes first; where all are known well, what is new is counted and not learned', () => {
  const { types, use, counted } = bench(
    Object.fromEntries(junk(MAX_TYPES).map((type) => [type, 5])),
  );
  use('junk 0');
  types.of('new');
  expect([types.has('junk 0'), types.has('junk 1')]).toEqual([true, false]);
  const full = bench(Object.fromEntries(junk(MAX_TYPES).map((type) => [type, 100])));
  full.use('new');
  expect(full.types.has('new')).toBe(false);
  expect(full.counted('fermata_types_not_learned_total')).toBe(1);
  expect(counted('fermata_types_not_learned_total')).toBe(0);
});

test('of more than there is room for, those that taught most are loaded', () => {
  const { types } = bench();
  types.load(
    junk(30).map((type, i) => {
      const model = createTypeModel();
      for (let n = 0; n <= i; n++) model.flows.add(['step'], 1);
      return [type, model] as const;
    }),
  );
  expect([...types].map(([type]) => type).sort()).toEqual(junk(30).slice(-MAX_TYPES).sort());
});

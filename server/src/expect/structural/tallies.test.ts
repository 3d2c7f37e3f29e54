import { expect, test } from 'vitest';
import { addSystem, count, createTallies, isOfSystem, SOLID, type Tally } from './tallies.ts';

const made = (): Tally => createTallies().getOrCreate('', 'k')!;

test('a tally is created once, in its environment', () => {
  const tallies = createTallies();
  expect(tallies.get('prod', 'k')).toBeUndefined();
  const tally = tallies.getOrCreate('prod', 'k');
  expect(tallies.getOrCreate('prod', 'k')).toBe(tally);
  expect([tallies.get('prod', 'k'), tallies.get('test', 'k')]).toEqual([tally, undefined]);
});

test('there is room for so many', () => {
  const tallies = createTallies();
  const all = Array.from({ length: 10_000 }, (_, i) => tallies.getOrCreate('', `${i}`));
  expect(all.includes(undefined)).toBe(false);
  expect(tallies.getOrCreate('', 'more')).toBeUndefined();
  expect(tallies.getOrCreate('', '0')).toBeDefined();
  expect(tallies.getOrCreate('other', 'more')).toBeDefined();
});

test('those that met it and those that did not are counted, and never less than none', () => {
  const tally = made();
  count(tally, true, 1);
  count(tally, true, 1);
  count(tally, false, 1);
  expect([tally.met, tally.unmet]).toEqual([2, 1]);
  for (let i = 0; i < 3; i++) count(tally, false, -1);
  expect([tally.met, tally.unmet]).toEqual([2, 0]);
  expect(() => count(undefined, true, 1)).not.toThrow();
});

test('what is full forgets by halves, and keeps its shares', () => {
  const tally = made();
  count(tally, false, 1000);
  count(tally, true, 2999);
  expect([tally.met, tally.unmet]).toEqual([2999, 1000]);
  count(tally, true, 1);
  expect([tally.met, tally.unmet]).toEqual([1500, 500]);
});

test('what changed is taken once', () => {
  const tallies = createTallies();
  tallies.getOrCreate('prod', 'k');
  expect(tallies.takeChanged()).toEqual([]);
  tallies.markChanged('prod');
  tallies.markChanged('prod');
  expect(tallies.takeChanged().map(({ environment }) => environment)).toEqual(['prod']);
  expect(tallies.takeChanged()).toEqual([]);
});

test('what is stored is read back, what was never met as well', () => {
  const tallies = createTallies();
  const tally = tallies.getOrCreate('prod', 'k')!;
  Object.assign(tally, { met: 3, unmet: 1, sinceMs: 5, step: 'charge', service: 'pay' });
  addSystem(tally, 'kafka');
  tally.waits.add(50, false);
  tallies.markChanged('prod');
  const { json } = tallies.takeChanged()[0]!;
  const read = createTallies();
  read.load('prod', json);
  const back = read.get('prod', 'k')!;
  expect(back).toMatchObject({ met: 3, unmet: 1, sinceMs: 5, step: 'charge', service: 'pay' });
  expect([back.waits.count, back.lag.count, back.solidMs]).toEqual([1, 0, Infinity]);
  expect([isOfSystem(back, 'kafka'), isOfSystem(back, 'nats')]).toEqual([true, false]);
});

test('of what an earlier version stored, whoever met it often enough was there from the start', () => {
  const stored = (met: number): string =>
    JSON.stringify({ k: { met, unmet: 0, waits: [], step: '', service: '' } });
  const tallies = createTallies();
  tallies.load('', stored(SOLID));
  expect(tallies.get('', 'k')).toMatchObject({ sinceMs: 0, solidMs: 0 });
  expect(isOfSystem(tallies.get('', 'k')!, 'kafka')).toBe(true);
  tallies.load('', stored(SOLID - 1));
  expect(tallies.get('', 'k')).toMatchObject({ sinceMs: 0, solidMs: Infinity });
});

test('a consumer of which not enough was known is stored as such, however much it took', () => {
  const tallies = createTallies();
  Object.assign(tallies.getOrCreate('', 'k')!, { met: SOLID, unmet: 20 });
  tallies.markChanged('');
  const read = createTallies();
  read.load('', tallies.takeChanged()[0]!.json);
  expect(read.get('', 'k')!.solidMs).toBe(Infinity);
});

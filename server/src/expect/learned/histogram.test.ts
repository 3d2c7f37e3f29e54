import { expect, test } from 'vitest';
import { createHistogram } from './histogram.ts';

const of = (...values: number[]) => {
  const histogram = createHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

test('without samples everything is nothing', () => {
  const empty = createHistogram();
  expect([empty.count, empty.quantile(0.5), empty.spread()]).toEqual([
    ...[0, 0, { mean: 0, deviation: 0 }],
  ]);
  expect(empty.toJSON()).toEqual([]);
});

test('a quantile is at most five percent above the value', () => {
  for (const value of [1, 1.5, 17, 999, 123_456, 86_400_000]) {
    const quantile = of(value).quantile(0.5);
    expect(quantile / value, `${value}`).toBeGreaterThanOrEqual(1);
    expect(quantile / value, `${value}`).toBeLessThan(1.0501);
  }
});

test('quantiles go up with their share, and the largest is that of all', () => {
  const histogram = of(...Array.from({ length: 100 }, (_, i) => 10 * (i + 1)));
  const quantiles = [0.01, 0.5, 0.9, 1].map((q) => histogram.quantile(q));
  for (const [i, expected] of [10, 500, 900, 1000].entries()) {
    expect(quantiles[i]! / expected).toBeGreaterThanOrEqual(1);
    expect(quantiles[i]! / expected).toBeLessThan(1.0501);
  }
});

test('less than a millisecond is a millisecond, and what is no number is nothing', () => {
  expect(of(0, 0.5, -3).quantile(1)).toBe(1);
  expect(of(NaN, Infinity, -Infinity).count).toBe(0);
});

test('a quantile that was asked for is asked anew after each sample', () => {
  const histogram = of(10);
  expect(histogram.quantile(1)).toBeLessThan(11);
  histogram.spread();
  histogram.add(1000);
  expect(histogram.quantile(1)).toBeGreaterThanOrEqual(1000);
  expect(histogram.spread().deviation).toBeGreaterThan(1);
});

test('what is taken back was never there, and no count falls below nothing', () => {
  const histogram = of(10, 1000);
  histogram.add(1000, -1);
  expect([histogram.count, histogram.toJSON().length]).toEqual([1, 1]);
  expect(histogram.quantile(1)).toBeLessThan(11);
  histogram.add(1000, -1);
  expect(histogram.count).toBe(1);
});

test('the spread is that of the logarithms', () => {
  const { mean, deviation } = of(10, 1000).spread();
  expect(mean).toBeCloseTo(Math.log(100), 1);
  expect(deviation).toBeCloseTo(Math.log(10), 1);
  expect(of(50, 50, 50).spread().deviation).toBeCloseTo(0, 6);
});

test('what is full forgets by halves: the shares stay, and single values of long ago go', () => {
  const histogram = createHistogram();
  histogram.add(1_000_000);
  for (let i = 0; i < 20_000; i++) histogram.add(i % 4 === 0 ? 1000 : 10);
  expect(histogram.count).toBeLessThan(4000);
  expect(histogram.quantile(0.7)).toBeLessThan(11);
  expect(histogram.quantile(0.8)).toBeGreaterThanOrEqual(1000);
  expect(histogram.quantile(1)).toBeLessThan(1100);
});

test('what is stored is read back', () => {
  const histogram = of(1, 10, 10, 500);
  const read = createHistogram(histogram.toJSON());
  expect(read.count).toBe(4);
  for (const q of [0, 0.3, 0.5, 1]) expect(read.quantile(q)).toBe(histogram.quantile(q));
  expect(read.spread()).toEqual(histogram.spread());
});

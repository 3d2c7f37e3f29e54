import { expect, test } from 'vitest';
import { addSample } from './trend.ts';

type Trend = Parameters<typeof addSample>[0];

test('numbers of one moment are one sample, the last of them', () => {
  const trend: Trend = [];
  for (const open of [1, 2, 3]) addSample(trend, 1000 + open, open);
  expect(trend).toEqual([[1001, 3]]);
  addSample(trend, 7000, 2);
  expect(trend).toEqual([
    [1001, 3],
    [7000, 2],
  ]);
});

test('an incident of days has few samples, its first and its last among them', () => {
  const trend: Trend = [];
  for (let minute = 0; minute < 5000; minute++) addSample(trend, minute * 60_000, minute);
  expect(trend.length).toBeLessThanOrEqual(60);
  expect(trend.length).toBeGreaterThan(25);
  expect(trend[0]![0]).toBe(0);
  expect(trend.at(-1)![1]).toBe(4999);
  expect(trend.map(([at]) => at)).toEqual(trend.map(([at]) => at).sort((a, b) => a - b));
});

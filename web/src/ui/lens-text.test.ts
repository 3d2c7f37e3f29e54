import { expect, test } from 'vitest';
import { becauseText, populationText, timesText } from './lens-text.ts';

test('what an answer does not cover is said', () => {
  const population = { total: 12, used: 10, open: 0, sampled: true, from: null, to: null };
  expect(populationText(population)).toBe(
    '10 flows · 2 flows of an earlier version of Fermata not counted · quantiles from a sample',
  );
});

test('a factor is told only if it is worth a word', () => {
  expect([timesText(100, 95), timesText(300, 100), timesText(5, 0), timesText(4200, 100)]).toEqual([
    '',
    '×3.0',
    '',
    '×42',
  ]);
});

test('a tiny factor is not told as zero', () => {
  expect([timesText(70, 60_000), timesText(60, 1000)]).toEqual(['< ×0.1', '×0.1']);
});

test('the numbers of an advice have their units', () => {
  expect(becauseText({ failedSteps: 3, blockedShare: 0.31, flows: 9 })).toBe(
    'failed steps 3 · blocked share 31 %',
  );
  expect(becauseText({ p50Ms: 4.04, p99Ms: 143_844.19, nowMs: 0, hear: 2 })).toBe(
    'p50 4.0 ms · p99 2 min 24 s · now 0 ms · hear 2',
  );
});

import { expect, test } from 'vitest';
import { populationText, timesText } from './lens-text.ts';

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

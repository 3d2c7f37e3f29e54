import { expect, test } from 'vitest';
import { counted, percent, populationText, timesText } from './lens-text.ts';

test.each([
  [0, '0 %'],
  [0.0004, '< 0.1 %'],
  [0.0123, '1.2 %'],
  [0.5, '50 %'],
  [0.996, '99.6 %'],
  [0.9999, '> 99.9 %'],
  [1, '100 %'],
])('a share of %s is %s', (share, text) => expect(percent(share)).toBe(text));

test('one thing has its name in the singular', () => {
  expect([counted(1, 'flow'), counted(1200, 'way', 'ways')]).toEqual(['1 flow', '1,200 ways']);
});

test('what an answer does not cover is said', () => {
  const population = { total: 12, used: 10, sampled: true, from: null, to: null };
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

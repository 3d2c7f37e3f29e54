import { expect, test } from 'vitest';
import { ASIDE_FACTOR, createRest } from './rest.ts';

test('a page rests for two hundred times an answer, and not after the first one', () => {
  const rest = createRest();
  expect([800, 20, 30, 700, 40, 600, 500].map(rest)).toEqual([
    ...[0, 4000, 4000, 6000, 8000, 8000, 30_000],
  ]);
});

test('what is asked aside may rest longer', () => {
  const rest = createRest(120_000, ASIDE_FACTOR);
  expect([50, 60, 500, 500].map(rest)).toEqual([0, 30_000, 36_000, 120_000]);
});

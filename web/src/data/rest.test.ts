import { expect, test } from 'vitest';
import { createRest } from './rest.ts';

test('a page rests for a hundred times an answer, and not after the first one', () => {
  const rest = createRest();
  expect([800, 20, 30, 700, 40, 600, 500].map(rest)).toEqual([
    ...[0, 2000, 2000, 3000, 4000, 4000, 30_000],
  ]);
});

test('what is asked aside may rest longer', () => {
  const rest = createRest(120_000);
  expect([500, 600, 5000, 5000].map(rest)).toEqual([0, 50_000, 60_000, 120_000]);
});

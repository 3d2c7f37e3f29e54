import { expect, test } from 'vitest';
import { closestTo } from './spelling.ts';

test.each([
  ['FERMATA_SETLE', ['FERMATA_SETTLE', 'FERMATA_PORT'], 'FERMATA_SETTLE'],
  ['servise', ['status', 'service', 'step'], 'service'],
  ['env', ['status', 'environment'], 'environment'],
  ['statistics', ['service', 'status'], 'status'],
  ['nothing-like-it', ['status', 'environment'], undefined],
  ['x', ['status', 'xenon'], undefined],
  ['', ['a'], undefined],
])('%s of %j: %s', (name, candidates, closest) => {
  expect(closestTo(name, candidates)).toBe(closest);
});

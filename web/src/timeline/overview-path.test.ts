import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { overviewPaths } from './overview-path.ts';
import { createScale } from './scale.ts';

test('each step is an outline in the row of its service, failed ones apart', () => {
  const steps = [
    { service: 'a', status: 'ok' },
    { service: 'b', status: 'failed' },
    { service: 'a', status: 'retried' },
  ];
  const spans = [
    { from: 0, to: 50 },
    { from: 50, to: 50 },
    { from: 75, to: 100 },
  ];
  const scale = createScale(spans, { from: 0, to: 100 }, () => Infinity);
  const { ok, failed } = overviewPaths({ steps } as Flow, spans, scale, 20);
  expect(ok).toBe('M0.0,0.0h500.0v8.0h-500.0zM750.0,0.0h250.0v8.0h-250.0z');
  // A minimum width keeps the failed step visible, although it is very short.
  expect(failed).toBe('M500.0,10.0h1.5v8.0h-1.5z');
});

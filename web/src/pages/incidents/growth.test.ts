import type { Incident } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { pointAt, pointsOf, stepPath } from './growth.ts';

const at = (ms: number): string => new Date(ms).toISOString();
const incident = {
  ...{ status: 'open', resolvedAt: null, openCount: 4 },
  trend: [
    { at: at(0), open: 2 },
    { at: at(50), open: 4 },
  ],
} as unknown as Incident;

test('the last number holds until now, or until the end', () => {
  expect(pointsOf(incident, 100).at(-1)).toEqual({ atMs: 100, open: 4 });
  const over = { ...incident, status: 'resolved', resolvedAt: at(80), openCount: 0 } as Incident;
  expect(pointsOf(over, 100).at(-1)).toEqual({ atMs: 80, open: 0 });
  expect(pointsOf({ ...incident, trend: [] }, 100)).toEqual([]);
});

test('steps, from the left edge to the right one', () => {
  const points = pointsOf(incident, 100);
  expect(stepPath(points, 200, 40)).toEqual({
    line: 'M0 20.0H100.0V0.0H200.0V0.0',
    area: 'M0 20.0H100.0V0.0H200.0V0.0V40H0Z',
    max: 4,
  });
  expect([0, 0.49, 0.5, 1].map((share) => pointAt(points, share))).toEqual([0, 0, 1, 2]);
  expect(stepPath([], 10, 10).line).toBe('');
  expect(pointAt([], 0.5)).toBe(-1);
});

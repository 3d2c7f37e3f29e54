import { expect, test } from 'vitest';
import type { LatencyAnswer, MapAnswer } from '@fermata/server/contract';
import { isComplete, matching, pointsOf, pointsText, readPoints } from './between.ts';

const read = (between: string) => readPoints(new URLSearchParams({ between }));

test('two points are read and written', () => {
  expect(read('OrderPlaced..book carrier')).toEqual({ from: 'OrderPlaced', to: 'book carrier' });
  expect(pointsText(read('a..b'))).toBe('a..b');
  expect(pointsText(read(''))).toBe('');
  expect([read('a..b'), read('a..'), read(''), read('a..b..c')].map(isComplete)).toEqual([
    ...[true, false, false, false],
  ]);
});

const latency = {
  chain: [
    { kind: 'queue-wait', step: 'pay', message: 'Placed' },
    { kind: 'sync-call', step: 'charge', message: 'charge' },
    { kind: 'processing', step: 'a..b', message: '' },
  ],
} as LatencyAnswer;

test('points are the messages and steps of the map, or of the critical path', () => {
  expect(pointsOf(latency, null)).toEqual([
    { name: 'Placed', kind: 'message' },
    { name: 'charge', kind: 'step' },
    { name: 'pay', kind: 'step' },
  ]);
  const map = { nodes: [{ step: 'ship' }], edges: [{ message: null }] } as MapAnswer;
  expect(pointsOf(latency, map)).toEqual([{ name: 'ship', kind: 'step' }]);
  expect(pointsOf(null, null)).toEqual([]);
});

test('what is typed finds names that contain it, those that start with it first', () => {
  const points = pointsOf(latency, null);
  expect(matching(points, 'CHA').map(({ name }) => name)).toEqual(['charge']);
  expect(matching(points, 'p').map(({ name }) => name)).toEqual(['Placed', 'pay']);
  expect(matching(points, '')).toHaveLength(3);
});

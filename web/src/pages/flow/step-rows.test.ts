import type { Flow } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { mergePart, stepRows } from './step-rows.ts';

const flowOf = (places: number[], more: object = {}): Flow =>
  ({
    id: 'f',
    startedAtUnixNano: '0',
    steps: places.map((place) => ({ id: `s${place}`, startUnixNano: `${place * 10}000000` })),
    stepPlaces: places,
    hops: [],
    waitingFor: [],
    ...more,
  }) as unknown as Flow;

test('where steps are not loaded stands a gap, which says how many and when', () => {
  expect(stepRows(flowOf([0, 1, 5]))).toMatchObject([
    { kind: 'step' },
    { kind: 'step' },
    { kind: 'gap', count: 3, part: { from: 10, to: 50 } },
    { kind: 'step' },
  ]);
});

test('what is awaited stands at the end', () => {
  const rows = stepRows(flowOf([0], { stepPlaces: undefined, waitingFor: [{ id: 'w' }] }));
  expect(rows.map(({ kind }) => kind)).toEqual(['step', 'awaited']);
});

test('a loaded part fills the gap, in order and once', () => {
  const merged = mergePart(flowOf([0, 5]), flowOf([2, 3, 5]));
  expect(merged.steps.map(({ id }) => id)).toEqual(['s0', 's2', 's3', 's5']);
  expect(merged.stepPlaces).toEqual([0, 2, 3, 5]);
  expect(mergePart(flowOf([0]), flowOf([1], { id: 'other' })).steps).toHaveLength(1);
});

import type { FlowSummary } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { activityOf } from './activity.ts';

const flow = (startedMs: number, phase: string, outcome: string | null): FlowSummary =>
  ({ startedAtUnixNano: `${startedMs}000000`, phase, outcome }) as unknown as FlowSummary;
const START = 1_700_000_000_000;

test('each flow is counted once, in the slice of its start and by how it fares', () => {
  const { labels, series } = activityOf([
    flow(START, 'ended', 'completed'),
    flow(START, 'open', null),
    flow(START + 96_000, 'ended', 'cancelled'),
    flow(START + 96_000, 'ended', 'compensated'),
    flow(START + 96_000, 'ended', 'timed_out'),
  ]);
  const found = series.map(({ name, counts }) => [name, counts[0], counts.at(-1)]);
  expect(found).toEqual([
    ['ok', 1, 0],
    ['open', 1, 0],
    ['undone', 0, 2],
    ['failed', 0, 1],
  ]);
  expect(labels).toHaveLength(series[0]!.counts.length);
  expect(series.flatMap(({ counts }) => counts).reduce((sum, count) => sum + count, 0)).toBe(5);
});

test('without flows nothing is counted, and no time is named', () => {
  const { labels, series } = activityOf([]);
  expect(new Set(labels)).toEqual(new Set(['']));
  expect(series.every(({ counts }) => counts.every((count) => count === 0))).toBe(true);
});

import { expect, test } from 'vitest';
import { aSpan, type SpanSketch } from '../testing/builders.ts';
import { nanosFromMs } from '../model/time.ts';
import { idleIn } from './idle.ts';

const BASE_MS = 1_700_000_000_000;
const head: SpanSketch = { trace: '1', id: '1', at: 0, ms: 10 };
/** Returns the begin and end of each gap, in ms after the start of the head. */
const gaps = (rest: Partial<SpanSketch>[], shift = 0n, first = head): number[][] => {
  const spans = [first, ...rest.map((one, i) => ({ trace: '1', id: `${i + 2}`, ...one }))].map(
    aSpan,
  );
  return idleIn({ head: spans[0]!, spans, shift }).map(({ start, end }) =>
    [start, end].map((at) => Number(at - nanosFromMs(BASE_MS)) / 1e6),
  );
};

test('a unit whose head outlives all is never idle', () => {
  expect(gaps([])).toEqual([]);
  expect(gaps([{ at: 5, ms: 100 }])).toEqual([]);
});

test('from the end of what was open until the next begins', () => {
  expect(gaps([{ at: 30, ms: 5 }])).toEqual([[10, 30]]);
  expect(
    gaps([
      { at: 30, ms: 5 },
      { at: 60, ms: 5 },
    ]),
  ).toEqual([
    [10, 30],
    [35, 60],
  ]);
});

test('in whatever order its spans are', () => {
  expect(
    gaps([
      { at: 60, ms: 5 },
      { at: 30, ms: 5 },
    ]),
  ).toEqual([
    [10, 30],
    [35, 60],
  ]);
});

test('a span that is open over a gap fills it', () => {
  expect(
    gaps([
      { at: 5, ms: 50 },
      { at: 30, ms: 5 },
      { at: 58, ms: 5 },
    ]),
  ).toEqual([[55, 58]]);
});

test('less than a millisecond is the cut of a clock', () => {
  expect(gaps([{ at: 10.9, ms: 5 }])).toEqual([]);
  expect(gaps([{ at: 11, ms: 5 }])).toEqual([[10, 11]]);
});

test('work of another service, and what is only said, is no work of this unit', () => {
  const later = { at: 60, ms: 5 };
  expect(gaps([{ at: 30, ms: 5, service: 'other' }, later])).toEqual([[10, 60]]);
  expect(gaps([{ at: 30, ms: 0, milestone: 'flow-heartbeat' }, later])).toEqual([[10, 60]]);
});

test('of what is only said nobody is idle', () => {
  const said: SpanSketch = { ...head, milestone: 'step-started', ms: 0 };
  expect(gaps([{ at: 30, ms: 5 }], 0n, said)).toEqual([]);
});

test('gaps are in causal time', () => {
  expect(gaps([{ at: 30, ms: 5 }], 7_000_000n)).toEqual([[17, 37]]);
});

test('gaps are bounded', () => {
  const many = Array.from({ length: 150 }, (_, i) => ({ at: 20 + 10 * i, ms: 1 }));
  expect(gaps(many)).toHaveLength(100);
});

import { expect, test } from 'vitest';
import { barsOf, changeLines, marksOf } from './bars.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 5, 10, 12);
const NOTHING = { p50: 0, p90: 0, p95: 0, p99: 0, max: 0, count: 0 };
const bucket = (minutes: number, counts: Record<string, number>) => ({
  ...{ at: new Date(NOW + minutes * MINUTE).toISOString(), counts, durationMs: NOTHING },
  flows: Object.values(counts).reduce((a, b) => a + b, 0),
});

test('each bar has its flows by status, and what has none is a gap', () => {
  const bars = barsOf(
    {
      bucketMs: MINUTE,
      buckets: [bucket(0, { completed: 3, stuck: 1 }), bucket(2, { timed_out: 2, failed: 1 })],
    },
    NOW,
    NOW + 3 * MINUTE,
  );
  expect(bars.starts).toEqual([NOW, NOW + MINUTE, NOW + 2 * MINUTE]);
  expect(bars.layers).toEqual([
    { name: 'done', counts: [3, 0, 0] },
    { name: 'failed', counts: [0, 0, 3] },
    { name: 'stuck', counts: [1, 0, 0] },
  ]);
  expect(bars.most).toBe(4);
});

test('an axis has few round marks, whatever its length', () => {
  for (const minutes of [1, 15, 60, 24 * 60, 30 * 24 * 60, 900 * 24 * 60]) {
    const marks = marksOf(NOW, NOW + minutes * MINUTE, 8);
    expect(marks.length).toBeGreaterThan(0);
    expect(marks.length).toBeLessThanOrEqual(9);
  }
  const YEAR = 365 * 24 * 60 * MINUTE;
  for (const years of [3, 9, 56, 400]) {
    const marks = marksOf(NOW - years * YEAR, NOW, 8);
    expect(marks.length).toBeGreaterThan(1);
    expect(marks.length).toBeLessThanOrEqual(9);
  }
  expect(marksOf(NOW, NOW + 60 * MINUTE, 8).map((at) => (at - NOW) / MINUTE)).toEqual([
    0, 10, 20, 30, 40, 50, 60,
  ]);
});

test('changes within a bar are one line, and of many lines the latest are drawn', () => {
  const change = (minutes: number, kind: 'version' | 'variant' | 'incident', text: string) => ({
    ...{ at: new Date(NOW + minutes * MINUTE).toISOString(), kind, text },
  });
  const all = [
    change(-1, 'version', 'before the first bar'),
    change(0.5, 'version', 'shop 1'),
    change(0.7, 'incident', 'pay is stuck'),
    change(1, 'variant', 'a new way'),
    change(2.2, 'version', 'shop 2'),
  ];
  const bars = { starts: [0, 1, 2].map((minutes) => NOW + minutes * MINUTE), bucketMs: MINUTE };
  expect(changeLines(all, bars, 5)).toEqual([
    { ms: NOW + 0.5 * MINUTE, isBad: true, texts: ['shop 1', 'pay is stuck'] },
    { ms: NOW + 2.2 * MINUTE, isBad: false, texts: ['shop 2'] },
  ]);
  expect(changeLines(all, bars, 1).map(({ texts }) => texts)).toEqual([['shop 2']]);
});

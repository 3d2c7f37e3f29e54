import { expect, test } from 'vitest';
import { barAt, crowdOf, MAX_BUTTONS } from './crowd.ts';
import type { Bar, Lane } from './layout.ts';

const bar = (i: number, status = 'ok'): Bar =>
  ({
    step: { id: `s${i}`, status, compensates: null },
    x: i / 10_000,
    width: 0.00005,
    row: i % 7,
  }) as unknown as Bar;
const lane = (bars: Bar[]): Lane => ({ service: 'x', firstRow: 0, rows: 7, bars, ghosts: [] });
const GRID = { widthPx: 1000, rowPx: 16, insetPx: 3 };

test('few bars are all elements', () => {
  const bars = [bar(0), bar(1)];
  expect(crowdOf([lane(bars)], null, GRID)).toEqual({ buttons: bars, paths: [] });
});

test('of thousands, what failed, the first, the last and the selected one stay elements', () => {
  const bars = Array.from({ length: 10_000 }, (_, i) => bar(i, i % 97 === 5 ? 'failed' : 'ok'));
  const { buttons, paths } = crowdOf([lane(bars)], 's5000', GRID);
  const ids = new Set(buttons.map(({ step }) => step.id));
  expect(buttons.length).toBeLessThanOrEqual(MAX_BUTTONS);
  for (const id of ['s0', 's9999', 's5000', 's5', 's102']) expect(ids.has(id)).toBe(true);
  expect(paths.map(({ status }) => status)).toEqual(['ok']);
  expect(paths[0]!.d.match(/M/g)).toHaveLength(10_000 - buttons.length);
});

test('a click finds the bar beneath it, or the nearest one of its row', () => {
  const bars = [bar(0), bar(7), bar(1000)];
  expect(barAt([lane(bars)], { x: 3, y: 8 }, GRID)?.step.id).toBe('s7');
  expect(barAt([lane(bars)], { x: 50, y: 8 }, GRID)).toBeUndefined();
  expect(barAt([lane(bars)], { x: 100, y: 16 * 6 + 1 }, GRID)?.step.id).toBe('s1000');
});

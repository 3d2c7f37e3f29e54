import { describe, expect, test } from 'vitest';
import type { Heatmap } from '@fermata/server/contract';
import {
  bottomOf,
  cellAt,
  cellText,
  cornerOf,
  durationTicks,
  gridOf,
  heightOf,
  heightOfMs,
  lineOf,
  markGroups,
  mostOf,
  placeOf,
  roundDuration,
  rowText,
  strengthOf,
  tableOf,
  timeOf,
  timeTicks,
} from './heatmap.ts';

const FROM = Date.UTC(2026, 5, 10, 12);
const MINUTE = 60_000;
const times = [0, 1, 2, 3].map((i) => new Date(FROM + i * MINUTE).toISOString());
const heatmap: Heatmap = {
  times,
  boundsMs: [10, 100, 1000, 10_000],
  counts: [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
    [4, 1, 0, 0],
    [0, 9, 0, 0],
    [0, 0, 0, 1],
  ],
  exemplars: [
    [null, null, null, null],
    [null, null, null, null],
    ['a', 'b', null, null],
    [null, 'c', null, null],
    [null, null, null, 'd'],
  ],
};
const grid = gridOf(heatmap, 476);
const iso = (ms: number): string => new Date(ms).toISOString().slice(11, 16);

describe('where things are', () => {
  test('rows without flows are left out, but for one below', () => {
    expect([grid.firstRow, grid.lastRow, grid.columnWidth]).toEqual([1, 4, 100]);
    expect(heightOf(grid)).toBe(22 + 4 * 17 + 24);
  });

  test('a place in the picture is in the cell that is there', () => {
    for (const cell of [
      { column: 0, row: 2 },
      { column: 3, row: 4 },
    ]) {
      const { x, y } = cornerOf(grid, cell);
      expect(cellAt(grid, x + 1, y + 1)).toEqual(cell);
    }
    expect(cellAt(grid, 2, 30)).toBeNull();
    expect(cellAt(grid, 100, bottomOf(grid) + 1)).toBeNull();
  });

  test('long durations are high, and a bound is the border of its row', () => {
    expect(heightOfMs(grid, heatmap.boundsMs, 100)).toBe(cornerOf(grid, { column: 0, row: 1 }).y);
    expect(heightOfMs(grid, heatmap.boundsMs, 500)).toBeLessThan(
      heightOfMs(grid, heatmap.boundsMs, 200),
    );
    expect(heightOfMs(grid, heatmap.boundsMs, 1)).toBe(bottomOf(grid));
  });

  test('an instant has a place if it is within the time', () => {
    expect(placeOf(grid, times, FROM + 90_000)).toBe(64 + 150);
    expect(placeOf(grid, times, FROM - 1)).toBeNull();
    expect(placeOf(grid, times, FROM + 5 * MINUTE)).toBeNull();
  });

  test('the line of p95 has a gap where there are no flows', () => {
    const points = [200, null, 200, 300].map((ms, i) => ({ at: times[i]!, ms }));
    expect(lineOf(grid, heatmap, points, MINUTE)).toMatch(/^M114.0 [\d.]+M314.0 [\d.]+L414.0/);
  });

  test('numbers of marks that are close are written once', () => {
    const mark = (x: number, number: number, isBad = false) => ({ x, number, isBad });
    expect(markGroups([mark(10, 1), mark(90, 2), mark(95, 3, true), mark(110, 4)])).toEqual([
      { x: 10, text: '1', isBad: false },
      { x: 90, text: '2–4', isBad: true },
    ]);
  });

  test('axes have round numbers that do not touch', () => {
    expect(durationTicks(grid, heatmap.boundsMs).map(({ text }) => text)).toEqual([
      '100 ms',
      '1 s',
      '10 s',
    ]);
    expect(timeTicks(grid, times, iso).map(({ text }) => text)).toEqual([
      ...['12:00', '12:01', '12:02', '12:03'],
    ]);
    expect(timeTicks(gridOf(heatmap, 276), times, iso)).toHaveLength(2);
    expect([2, 20_000, 120_000, 7_200_000].map(roundDuration)).toEqual([
      ...['2 ms', '20 s', '2 min', '2 h'],
    ]);
  });
});

test('a time is that of all columns between two, in any order', () => {
  expect(timeOf(times, 2, 1)).toEqual({
    from: '2026-06-10T12:01:00.000Z',
    to: '2026-06-10T12:03:00.000Z',
  });
});

test('one flow among many can be seen', () => {
  expect(mostOf(heatmap)).toBe(9);
  expect(strengthOf(0, 9)).toBe(0);
  expect(strengthOf(1, 10_000)).toBeGreaterThan(0.14);
  expect(strengthOf(9, 9)).toBe(1);
});

test('words of cells', () => {
  expect(cellText(heatmap, { column: 1, row: 3 }, iso)).toBe(
    '12:01 – 12:02 · 1 s to 10 s · 9 flows',
  );
  expect(rowText(heatmap.boundsMs, 4)).toBe('10.0 s and more');
  expect(rowText(heatmap.boundsMs, 0)).toBe('below 10 ms');
  expect(rowText([], 0)).toBe('any duration');
});

test('the table has the same numbers, and leads to the slowest flow of each', () => {
  const { columns, rows } = tableOf(heatmap, grid, iso);
  expect(columns.map(({ label }) => label)).toEqual([
    ...['Start', 'Flows', '100 ms to 1 s', '1 s to 10 s', '10.0 s and more'],
  ]);
  expect(rows.map(({ cells }) => cells.map(({ text }) => text))).toEqual([
    ['12:00', '4', '4', '', ''],
    ['12:01', '10', '1', '9', ''],
    ['12:03', '1', '', '', '1'],
  ]);
  expect(rows[1]!.cells[3]!.href).toBe('/flow/c');
});

test('nothing at all is no error', () => {
  const empty: Heatmap = { times: [], boundsMs: [], counts: [[]], exemplars: [[]] };
  const none = gridOf(empty, 400);
  expect(tableOf(empty, none, iso).rows).toEqual([]);
  expect(durationTicks(none, [])).toEqual([]);
});

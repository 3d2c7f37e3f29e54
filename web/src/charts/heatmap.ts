import type { Heatmap } from '@fermata/server/contract';
import { counted } from '@fermata/server/words';
import { duration } from '../ui/format.ts';
import type { Column, Row } from '../ui/sort.ts';

/** Position and size of the heatmap in its SVG, px. Columns are times, rows are durations. */
export interface Grid {
  left: number;
  top: number;
  columns: number;
  /** First and last row that are drawn: all rows with flows, and one empty row below them. */
  firstRow: number;
  lastRow: number;
  columnWidth: number;
  rowHeight: number;
}
export interface Cell {
  column: number;
  row: number;
}

const LEFT = 64;
const RIGHT = 12;
const TOP = 22;
const BOTTOM = 24;
const ROW_HEIGHT = 17;
const MAX_TICKS = 8;
/** Width that a label of the time axis needs, px. */
const TICK_WIDTH = 96;
/** Width that the number of a mark needs, px. */
const MARK_WIDTH = 26;

export const gridOf = ({ times, counts }: Heatmap, width: number): Grid => {
  const filled = counts.flatMap((row, i) => (row.some((count) => count > 0) ? [i] : []));
  const columns = Math.max(1, times.length);
  return {
    ...{ left: LEFT, top: TOP, columns, rowHeight: ROW_HEIGHT },
    firstRow: Math.max(0, (filled[0] ?? 0) - 1),
    lastRow: filled.at(-1) ?? 0,
    columnWidth: Math.max(0, width - LEFT - RIGHT) / columns,
  };
};
export const heightOf = ({ firstRow, lastRow }: Grid): number =>
  TOP + (lastRow - firstRow + 1) * ROW_HEIGHT + BOTTOM;
export const bottomOf = (grid: Grid): number => heightOf(grid) - BOTTOM;

/** Returns the upper left corner of a cell in pixels. Long durations are at the top. */
export const cornerOf = (grid: Grid, { column, row }: Cell): { x: number; y: number } => ({
  x: grid.left + column * grid.columnWidth,
  y: grid.top + (grid.lastRow - row) * grid.rowHeight,
});

/**
 * Returns the cell of the heatmap at a position in pixels; null if the position is outside of the
 * grid.
 */
export function cellAt(grid: Grid, x: number, y: number): Cell | null {
  const column = Math.floor((x - grid.left) / grid.columnWidth);
  const row = grid.lastRow - Math.floor((y - grid.top) / grid.rowHeight);
  if (column < 0 || column >= grid.columns || row < grid.firstRow || row > grid.lastRow)
    return null;
  return { column, row };
}

/**
 * Returns the colour strength of a cell, 0 to 1. It grows with the square root of the count, so
 * that cells with few flows stay visible.
 */
export const strengthOf = (count: number, most: number): number =>
  count === 0 ? 0 : 0.14 + 0.86 * Math.sqrt(count / Math.max(1, most));

/**
 * Returns the y position of a duration. Within a row it is logarithmic, because the rows' bounds
 * grow exponentially.
 */
export function heightOfMs(grid: Grid, boundsMs: readonly number[], ms: number): number {
  const row = boundsMs.findIndex((bound) => ms < bound);
  const at = row < 0 ? boundsMs.length : row;
  const [low, high] = [boundsMs[at - 1], boundsMs[at]];
  const part =
    low !== undefined && high !== undefined ? Math.log(ms / low) / Math.log(high / low) : 0.5;
  const place = Math.min(grid.lastRow + 1, Math.max(grid.firstRow, at + part));
  return grid.top + (grid.lastRow + 1 - place) * grid.rowHeight;
}

/** Returns the x position of an instant; null if it is outside of the time axis. */
export function placeOf(grid: Grid, times: readonly string[], atMs: number): number | null {
  const from = Date.parse(times[0] ?? '');
  const x = grid.left + ((atMs - from) / bucketOf(times)) * grid.columnWidth;
  return x >= grid.left && x <= grid.left + grid.columns * grid.columnWidth ? x : null;
}

/** Returns the length of time that a column covers, ms. */
export const bucketOf = (times: readonly string[]): number =>
  times.length < 2 ? 1000 : Date.parse(times[1]!) - Date.parse(times[0]!);

/**
 * Returns the time range from column `a` to column `b`, in the form in which the URL contains it.
 */
export function timeOf(
  times: readonly string[],
  a: number,
  b: number,
): { from: string; to: string } {
  const [first, last] = [Math.min(a, b), Math.max(a, b)];
  return {
    from: new Date(times[first]!).toISOString(),
    to: new Date(Date.parse(times[last]!) + bucketOf(times)).toISOString(),
  };
}

/**
 * Returns an SVG path through the p95 of each bucket. The line is interrupted at buckets without
 * flows.
 */
export function lineOf(
  grid: Grid,
  { times, boundsMs }: Heatmap,
  points: readonly { at: string; ms: number | null }[],
  bucketMs: number,
): string {
  let path = '';
  let lastMs = -Infinity;
  for (const { at, ms } of points) {
    const atMs = Date.parse(at);
    const x = placeOf(grid, times, atMs + bucketMs / 2);
    if (ms === null || x === null) continue;
    const y = heightOfMs(grid, boundsMs, ms);
    path += `${atMs - lastMs <= bucketMs ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`;
    lastMs = atMs;
  }
  return path;
}

/** Label for marks that are too close together for a label each, such as `4–6`. */
export interface MarkGroup {
  x: number;
  text: string;
  isBad: boolean;
}

/** Returns labels for marks. Marks whose labels would overlap share one, such as `4–6`. */
export function markGroups(
  marks: readonly { x: number; number: number; isBad: boolean }[],
): MarkGroup[] {
  const groups: { x: number; first: number; last: number; isBad: boolean }[] = [];
  for (const { x, number, isBad } of marks) {
    const group = groups.at(-1);
    if (group && x - group.x < MARK_WIDTH)
      Object.assign(group, { last: number, isBad: group.isBad || isBad });
    else groups.push({ x, first: number, last: number, isBad });
  }
  return groups.map(({ x, first, last, isBad }) => ({
    ...{ x, isBad },
    text: first === last ? String(first) : `${first}–${last}`,
  }));
}

/** Returns the labels of the duration axis with their y positions. */
export function durationTicks(
  grid: Grid,
  boundsMs: readonly number[],
): { y: number; text: string }[] {
  const rows = Array.from({ length: grid.lastRow - grid.firstRow }, (_, i) => grid.firstRow + i);
  const every = Math.ceil(rows.length / MAX_TICKS);
  return rows
    .filter((row) => boundsMs[row] !== undefined && (row - grid.firstRow) % every === 0)
    .map((row) => ({
      y: grid.top + (grid.lastRow - row) * grid.rowHeight,
      text: roundDuration(boundsMs[row]!),
    }));
}

/**
 * Formats the bound of a row without decimals, because it is a round number: `500 ms`, `20 s`, `3
 * h`.
 */
export function roundDuration(ms: number): string {
  if (ms < 1000) return `${ms} ms`;
  if (ms < 120_000) return `${ms / 1000} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** Returns the labels of the time axis with their x positions. */
export function timeTicks(
  grid: Grid,
  times: readonly string[],
  text: (ms: number) => string,
): { x: number; text: string }[] {
  const room = Math.max(1, Math.floor((grid.columns * grid.columnWidth) / TICK_WIDTH));
  const every = Math.max(1, Math.ceil(times.length / room));
  return times
    .map((at, column) => ({
      x: grid.left + column * grid.columnWidth,
      text: text(Date.parse(at)),
    }))
    .filter((_tick, column) => column % every === 0);
}

/** Returns the range of durations of a row as text. */
export function rowText(boundsMs: readonly number[], row: number): string {
  const [low, high] = [boundsMs[row - 1], boundsMs[row]];
  if (low === undefined) return high === undefined ? 'any duration' : `below ${duration(high)}`;
  return high === undefined
    ? `${duration(low)} and more`
    : `${roundDuration(low)} to ${roundDuration(high)}`;
}

export const mostOf = ({ counts }: Heatmap): number =>
  counts.reduce((most, row) => Math.max(most, ...row), 0);

/**
 * Returns the heatmap as a table. Each time with flows is a row, each range of durations is a
 * column.
 */
export function tableOf(
  { times, boundsMs, counts, exemplars }: Heatmap,
  { firstRow, lastRow }: Grid,
  text: (ms: number) => string,
): { columns: Column[]; rows: Row[] } {
  const durations = Array.from({ length: lastRow - firstRow + 1 }, (_, i) => firstRow + i).filter(
    (row) => counts[row]?.some((count) => count > 0),
  );
  return {
    columns: [
      { label: 'Start' },
      { label: 'Flows', isNumber: true },
      ...durations.map((row) => ({ label: rowText(boundsMs, row), isNumber: true })),
    ],
    rows: times.flatMap((at, column) => {
      const total = counts.reduce((sum, row) => sum + row[column]!, 0);
      if (total === 0) return [];
      const cells = durations.map((row) => {
        const [count, slowest] = [counts[row]![column]!, exemplars[row]![column]];
        return {
          text: count === 0 ? '' : count.toLocaleString('en'),
          sort: count,
          ...(slowest && { href: `/flow/${encodeURIComponent(slowest)}` }),
        };
      });
      const first = { text: text(Date.parse(at)), sort: Date.parse(at) };
      return [
        { id: at, cells: [first, { text: total.toLocaleString('en'), sort: total }, ...cells] },
      ];
    }),
  };
}

/** Describes a cell in words: its time range, its durations and its number of flows. */
export const cellText = (
  { times, boundsMs, counts }: Heatmap,
  { column, row }: Cell,
  text: (ms: number) => string,
): string => {
  const from = Date.parse(times[column]!);
  const time = `${text(from)} – ${text(from + bucketOf(times))}`;
  return `${time} · ${rowText(boundsMs, row)} · ${counted(counts[row]?.[column] ?? 0, 'flow')}`;
};

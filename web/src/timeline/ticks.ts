import { duration } from '../ui/format.ts';
import type { Scale } from './scale.ts';
import type { Mark } from './times.ts';

/** Labels of the time axis. Each x is a share of the width, 0 to 1. */
export interface Ticks {
  ticks: { x: number; label: string }[];
  /** Folded stretches of time. `named` is true if there is room to show the duration. */
  gaps: { x: number; width: number; ms: number; named: boolean }[];
  marks: AxisMark[];
  /** True if there is room for the word "now" beside the marks for late and stuck. */
  nowNamed: boolean;
}

/** A mark with its position. `room` tells how much of the mark's text fits on the axis. */
export interface AxisMark extends Mark {
  x: number;
  room: 'all' | 'word' | 'none';
}

/** Minimum distance between two ticks, px: the width of a label and space to its right. */
const TICK_PX = 84;
const LABEL_PX = 58;
const MARK_PX = 100;
const WORD_PX = 20;
const NOW_PX = 56;
/** Units of time for round distances between ticks, ms. */
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ROUND = [
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 28, 91, 365].map((n) => n * DAY),
];

export function ticksOf(
  scale: Scale,
  now: number | null,
  marks: readonly Mark[],
  widthPx: number,
): Ticks {
  const placed = marksOf(scale, now, marks, widthPx);
  const labels = [...placed.map(({ x }) => x), ...(now === null ? [] : [now])];
  let named = -1;
  const gaps = scale.gaps.map((gap) => {
    const x = gap.x + gap.width / 2;
    const isFree = labels.every((at) => Math.abs(at - x) * widthPx > LABEL_PX);
    const fits = isFree && x - named >= LABEL_PX / widthPx;
    if (fits) named = x;
    return { ...gap, named: fits };
  });
  const taken = [...gaps.filter((gap) => gap.named).map((gap) => gap.x + gap.width / 2), ...labels];
  const nowNamed = placed.every(({ x }) => now === null || (now - x) * widthPx > NOW_PX);
  return { ticks: roundTimes(scale, taken, widthPx), gaps, marks: placed, nowNamed };
}

function marksOf(
  scale: Scale,
  now: number | null,
  marks: readonly Mark[],
  widthPx: number,
): AxisMark[] {
  let right = now ?? 1;
  return [...marks]
    .filter(({ ms }) => ms >= scale.view.from && ms <= scale.view.to)
    .reverse()
    .map((mark): AxisMark => {
      const x = scale.at(mark.ms);
      const px = (right - x) * widthPx;
      const room = px > MARK_PX ? 'all' : px > WORD_PX ? 'word' : 'none';
      if (room !== 'none') right = x - (room === 'all' ? MARK_PX / 2 / widthPx : 0);
      return { ...mark, x, room };
    })
    .reverse();
}

/** Returns a round distance between ticks, of at least `rough` ms. */
export function roundStep(rough: number): number {
  if (rough > 30 * SECOND)
    return ROUND.find((size) => size >= rough) ?? Math.ceil(rough / DAY) * DAY;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
}

/**
 * Returns ticks at round times. Folded stretches have none, and ticks that would touch the labels
 * of gaps, marks or the present time are left out.
 */
function roundTimes(scale: Scale, taken: readonly number[], widthPx: number): Ticks['ticks'] {
  const step = roundStep(TICK_PX / (scale.perMs * widthPx));
  const room = LABEL_PX / widthPx;
  const ticks: Ticks['ticks'] = [];
  for (const { from, to } of scale.runs) {
    for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) {
      const x = scale.at(ms);
      const last = ticks[ticks.length - 1];
      const label = ms === 0 ? '0' : shortly(ms);
      if (x > 1 - room || (last !== undefined && (x - last.x < room || last.label === label)))
        continue;
      if (!taken.some((at) => x > at - 1.6 * room && x < at + room / 2)) ticks.push({ x, label });
    }
  }
  return ticks;
}

/** Formats a round time without trailing zeros: `2 s` instead of `2.00 s`. */
const shortly = (ms: number): string =>
  duration(ms)
    .replace(/\.0+(?= )/, '')
    .replace(/ 0 [smh]$/, '');

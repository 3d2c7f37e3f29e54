import type { Interval } from './scale.ts';

/**
 * Reads an interval of a flow from the URL, where it is written as `200-1500.5`, in ms since the
 * start of the flow. Returns null if the text is invalid.
 */
export function readWindow(text: string | null): Interval | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)-(\d{1,15}(?:\.\d{1,6})?)$/.exec(text ?? '');
  if (!match) return null;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return to > from ? { from, to } : null;
}
export const writeWindow = (window: Interval | null): string =>
  window === null ? '' : `${round(window.from)}-${round(window.to)}`;
const round = (ms: number): number => Math.round(ms * 1000) / 1000;

/** A part of the strip that shows the whole flow; both ends are from 0 to 1. */
export type Part = readonly [from: number, to: number];
const MIN_WIDTH = 1 / 2000;

/**
 * Returns the part with its width multiplied by `factor`. The position `around` stays where it is.
 */
export function zoomed([from, to]: Part, factor: number, around = (from + to) / 2): Part {
  const width = Math.min(1, Math.max(MIN_WIDTH, (to - from) * factor));
  return inside(around - ((around - from) / (to - from)) * width, width);
}
/** Returns the part moved by a multiple of its own width. */
export const moved = ([from, to]: Part, share: number): Part =>
  inside(from + (to - from) * share, to - from);
/** Returns the part between two positions, which may be given in either order. */
export const between = (a: number, b: number): Part =>
  inside(Math.min(a, b), Math.min(1, Math.max(MIN_WIDTH, Math.abs(b - a))));

function inside(from: number, width: number): Part {
  const start = Math.min(1 - width, Math.max(0, from));
  return [start, start + width];
}

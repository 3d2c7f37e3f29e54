/**
 * This file places bars in the rows of a lane, so that neither bars nor the names beside them
 * overlap. Each x is a share of the width, 0 to 1.
 */

/**
 * Position of a step's name: inside the bar if it fits there, otherwise to the right or left of the
 * bar. If there is no room beside a bar that is filled with attempts, the name is over the longest
 * pause between them.
 */
export type Label = 'inside' | 'over' | 'right' | 'left' | 'none';

export interface Place {
  x: number;
  width: number;
  row: number;
  label: Label;
}

const CHARACTER_PX = 6.6;
const PADDING_PX = 18;
const GAP_PX = 22;
const MIN_WIDTH = 0.004;
/** Minimum width of a bar, px, in which a name that fits nowhere is shown truncated. */
const CUT_PX = 60;

/** Returns the width of a name and the text behind it, px. */
export const namePx = (characters: number): number => characters * CHARACTER_PX + GAP_PX;

interface Wanted {
  from: number;
  to: number;
  /** Number of characters of the name and the text behind it. */
  characters: number;
  /** True if the inside of the bar is used for something else than the name, such as attempts. */
  isFilled?: boolean;
}

/**
 * Returns a function that assigns a row to each bar of a lane. Bars must be passed in order of
 * their start.
 */
export function createRows(
  widthPx: number,
  names: boolean,
): { place(wanted: Wanted): Place; count(): number } {
  const ends: number[] = [];
  return {
    count: () => Math.max(1, ends.length),
    place({ from: x, to, characters, isFilled = false }) {
      const width = Math.max(MIN_WIDTH, to - x);
      const room = namePx(characters) / widthPx;
      const label = labelOf({ x, width, room, widthPx, names, isFilled });
      const starts = label === 'left' ? x - room : x;
      let row = ends.findIndex((end) => end <= starts);
      if (row < 0) row = ends.length;
      ends[row] = x + width + (label === 'right' ? room : 0) + MIN_WIDTH;
      return { x, width, row, label };
    },
  };
}

function labelOf(bar: {
  x: number;
  width: number;
  room: number;
  widthPx: number;
  names: boolean;
  isFilled: boolean;
}): Label {
  const { x, width, room, widthPx, names, isFilled } = bar;
  const fits = width >= room - (GAP_PX - PADDING_PX) / widthPx;
  if (!names) return 'none';
  if (fits && !isFilled) return 'inside';
  if (x + width + room <= 1) return 'right';
  if (x - room >= 0) return 'left';
  return width * widthPx <= CUT_PX ? 'none' : isFilled ? 'over' : 'inside';
}

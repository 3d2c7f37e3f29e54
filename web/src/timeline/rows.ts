/**
 * Places bars in the rows of a lane, so that neither bars nor the names beside them overlap. All x
 * are shares of the width, 0 … 1.
 */

/**
 * Where the name of a step is: inside of its bar if the bar is wide enough, otherwise to the right
 * or to the left of it, wherever it fits.
 */
export type Label = 'inside' | 'right' | 'left' | 'none';

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
/** From this width on, a name that fits nowhere is cut inside of its bar. */
const CUT_PX = 60;

interface Wanted {
  from: number;
  to: number;
  /** Number of characters of the text. */
  characters: number;
  /** The bar has no room for its name, for example because it shows attempts. */
  isFilled?: boolean;
}

/**
 * Returns a function that gives each bar of one lane its row. Bars must be passed in the order in
 * which they start.
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
      const room = (characters * CHARACTER_PX + GAP_PX) / widthPx;
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
  return width * widthPx > CUT_PX && !isFilled ? 'inside' : 'none';
}

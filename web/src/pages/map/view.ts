import { STEP_WIDTH, type Layout, type Point } from './layout.ts';

/** The visible section of the map: its offset in px, and the zoom factor. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** Minimum zoom of the initial view. Below it, names of steps could not be read. */
const MIN_ZOOM = 0.7;
const MARGIN = 14;
const MIN_HEIGHT = 220;
/** Height of the page's parts above and below the map, px. */
const AROUND = 290;
const MIN_LIMIT = 420;

const zoomFor = (layout: Layout, width: number): number =>
  Math.min(1, Math.max(MIN_ZOOM, (width - 2 * MARGIN) / Math.max(1, layout.width)));

/** Returns the height of the map, px: as much as its steps need, limited by the window. */
export function heightFor(layout: Layout, width: number, windowHeight: number): number {
  const height = layout.height * zoomFor(layout, width) + 2 * MARGIN;
  return Math.round(
    Math.min(Math.max(MIN_LIMIT, windowHeight - AROUND), Math.max(MIN_HEIGHT, height)),
  );
}

/**
 * Returns the initial view: the whole map if its names are readable then, otherwise its left part
 * with the first step.
 */
export function viewFor(layout: Layout, width: number, height: number): View {
  const zoom = Math.max(
    MIN_ZOOM,
    Math.min(zoomFor(layout, width), (height - 2 * MARGIN) / Math.max(1, layout.height)),
  );
  const [w, h] = [layout.width * zoom, layout.height * zoom];
  return {
    x: w > width ? MARGIN : (width - w) / 2,
    y: h > height ? topFor(layout, zoom, height) : (height - h) / 2,
    zoom,
  };
}

/**
 * Returns the vertical offset that centres the leftmost step, as far as this leaves no empty space.
 */
function topFor({ steps, height: whole }: Layout, zoom: number, height: number): number {
  const [first] = [...steps.values()].sort((a, b) => a.x - b.x || a.y - b.y);
  const middle = height / 2 - (first?.y ?? 0) * zoom;
  return Math.min(MARGIN, Math.max(height - whole * zoom - MARGIN, middle));
}

/** Returns whether the map is larger than the visible area. */
export const isCut = (layout: Layout, { zoom }: View, width: number, height: number): boolean =>
  layout.width * zoom > width || layout.height * zoom > height;

/** Returns the id of the nearest step in the direction of an arrow key; null if there is none. */
export function neighbour(
  steps: ReadonlyMap<string, Point>,
  from: string,
  key: string,
): string | null {
  const start = steps.get(from);
  if (!start) return null;
  let best: string | null = null;
  let least = Infinity;
  for (const [id, at] of steps) {
    const cost = costOf(at.x - start.x, at.y - start.y, key);
    if (id !== from && cost < least) [best, least] = [id, cost];
  }
  return best;
}

function costOf(dx: number, dy: number, key: string): number {
  if (key === 'ArrowRight') return dx > STEP_WIDTH ? dx + 2 * Math.abs(dy) : Infinity;
  if (key === 'ArrowLeft') return -dx > STEP_WIDTH ? -dx + 2 * Math.abs(dy) : Infinity;
  if (key === 'ArrowDown') return dy > 0 ? dy + 3 * Math.abs(dx) : Infinity;
  return key === 'ArrowUp' && dy < 0 ? -dy + 3 * Math.abs(dx) : Infinity;
}

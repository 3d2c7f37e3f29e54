import { STEP_WIDTH, type Layout, type Point } from './layout.ts';

/** What of the map is on the screen. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** Smaller, the names of steps could not be read; the map is moved instead. */
const MIN_ZOOM = 0.7;
const MARGIN = 14;
const MIN_HEIGHT = 220;
/** Space for what stands above and below the map, px; on a small window the page scrolls. */
const AROUND = 290;
const MIN_LIMIT = 420;

const zoomFor = (layout: Layout, width: number): number =>
  Math.min(1, Math.max(MIN_ZOOM, (width - 2 * MARGIN) / Math.max(1, layout.width)));

/**
 * Returns how high the map is, px: as high as its steps, or as the window allows.
 */
export function heightFor(layout: Layout, width: number, windowHeight: number): number {
  const height = layout.height * zoomFor(layout, width) + 2 * MARGIN;
  return Math.round(
    Math.min(Math.max(MIN_LIMIT, windowHeight - AROUND), Math.max(MIN_HEIGHT, height)),
  );
}

/**
 * Returns the view with which the map starts: all of it if its names can be read then, otherwise
 * its beginning at the left, with the first step in sight.
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

/** Moves the first step, which is the leftmost one, to the middle if that leaves no empty space. */
function topFor({ steps, height: whole }: Layout, zoom: number, height: number): number {
  const [first] = [...steps.values()].sort((a, b) => a.x - b.x || a.y - b.y);
  const middle = height / 2 - (first?.y ?? 0) * zoom;
  return Math.min(MARGIN, Math.max(height - whole * zoom - MARGIN, middle));
}

/** Returns whether a part of the map is outside the view. */
export const isCut = (layout: Layout, { zoom }: View, width: number, height: number): boolean =>
  layout.width * zoom > width || layout.height * zoom > height;

/** Returns the id of the next step in the direction of an arrow key; null if there is none. */
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

import type { Bar, Lane } from './layout.ts';

/**
 * Draws thousands of steps as a few SVG paths, because an element for each would make the page
 * slow. Only notable steps (those that are not `ok`, compensations, the selected, first and last
 * one) stay buttons, which the keyboard can reach.
 */
export interface Crowd {
  buttons: Bar[];
  /** SVG paths of all bars that are not buttons, one per status, in px. */
  paths: { status: string; d: string }[];
}

export interface Grid {
  widthPx: number;
  rowPx: number;
  insetPx: number;
}

/** Maximum number of bars that are drawn as buttons. */
export const MAX_BUTTONS = 400;
const MIN_PX = 1.5;

export function crowdOf(lanes: readonly Lane[], selected: string | null, grid: Grid): Crowd {
  const bars = lanes.flatMap((lane) => lane.bars);
  if (bars.length <= MAX_BUTTONS) return { buttons: bars, paths: [] };
  const isNotable = ({ step }: Bar): boolean => step.status !== 'ok' || step.compensates !== null;
  const notable = bars.filter((bar) => isNotable(bar));
  const buttons = new Set(notable.slice(0, MAX_BUTTONS - 3));
  for (const bar of [bars[0], bars[bars.length - 1], find(bars, selected)])
    if (bar !== undefined) buttons.add(bar);
  const paths = new Map<string, string[]>();
  for (const bar of bars) {
    if (buttons.has(bar)) continue;
    const parts = paths.get(bar.step.status);
    const part = rectangle(bar, grid);
    if (parts === undefined) paths.set(bar.step.status, [part]);
    else parts.push(part);
  }
  return {
    buttons: [...buttons],
    paths: [...paths].map(([status, parts]) => ({ status, d: parts.join('') })),
  };
}

const find = (bars: readonly Bar[], id: string | null): Bar | undefined =>
  id === null ? undefined : bars.find(({ step }) => step.id === id);

function rectangle({ x, width, row }: Bar, { widthPx, rowPx, insetPx }: Grid): string {
  const wide = Math.max(MIN_PX, width * widthPx).toFixed(1);
  const high = rowPx - 2 * insetPx;
  return `M${(x * widthPx).toFixed(1)},${row * rowPx + insetPx}h${wide}v${high}h-${wide}z`;
}

/** Returns the bar at a point of the plot (px), or the nearest one in the row within 6 px. */
export function barAt(
  lanes: readonly Lane[],
  { x, y }: { x: number; y: number },
  { widthPx, rowPx }: Grid,
): Bar | undefined {
  const row = Math.floor(y / rowPx);
  let nearest: Bar | undefined;
  let least = 6;
  for (const { bars } of lanes)
    for (const bar of bars) {
      if (bar.row !== row) continue;
      const left = bar.x * widthPx;
      const distance = Math.max(left - x, x - left - bar.width * widthPx, 0);
      if (distance < least) [nearest, least] = [bar, distance];
    }
  return nearest;
}

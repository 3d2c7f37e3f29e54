import type { Incident } from '@fermata/server/contract';

/** A point of the chart: from `atMs` on, the incident had `open` flows. */
export interface GrowthPoint {
  atMs: number;
  open: number;
}

/**
 * Returns the points of an incident. A last point is added for its end, or for now, so that the
 * last value is drawn as a line.
 */
export function pointsOf(
  { trend, status, resolvedAt, openCount }: Incident,
  now: number,
): GrowthPoint[] {
  const points = trend.map(({ at, open }) => ({ atMs: Date.parse(at), open }));
  if (points.length === 0) return [];
  const endMs = status === 'resolved' && resolvedAt !== null ? Date.parse(resolvedAt) : now;
  return [...points, { atMs: Math.max(endMs, points.at(-1)!.atMs), open: openCount }];
}

/**
 * Returns an SVG path of the points as a step chart of this size: each value holds until the next
 * point.
 */
export function stepPath(
  points: readonly GrowthPoint[],
  width: number,
  height: number,
): { line: string; area: string; max: number } {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return { line: '', area: '', max: 0 };
  const max = Math.max(1, ...points.map(({ open }) => open));
  const span = Math.max(1, last.atMs - first.atMs);
  const x = ({ atMs }: GrowthPoint): string => (((atMs - first.atMs) / span) * width).toFixed(1);
  const y = ({ open }: GrowthPoint): string => (height - (open / max) * height).toFixed(1);
  const line = points
    .map((point, i) => (i === 0 ? `M0 ${y(point)}` : `H${x(point)}V${y(point)}`))
    .join('');
  return { line, area: `${line}V${height}H0Z`, max };
}

/**
 * Returns the index of the point whose value applies at a position of the chart, 0 to 1 of its
 * width.
 */
export function pointAt(points: readonly GrowthPoint[], share: number): number {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return -1;
  const atMs = first.atMs + share * (last.atMs - first.atMs);
  return points.findLastIndex((point) => point.atMs <= atMs);
}

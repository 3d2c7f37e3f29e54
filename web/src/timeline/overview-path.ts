import type { Flow } from '@fermata/server/contract';
import type { Interval, Scale } from './scale.ts';

/**
 * Returns all steps as two SVG paths, 1,000 wide, for a small overview. One path is for failed
 * steps, one for all others, because thousands of elements would be slow.
 */
export function overviewPaths(
  { steps }: Flow,
  spans: readonly Interval[],
  scale: Scale,
  height: number,
): { ok: string; failed: string } {
  const laneOf = new Map<string, number>();
  for (const { service } of steps) if (!laneOf.has(service)) laneOf.set(service, laneOf.size);
  const row = height / Math.max(1, laneOf.size);
  const tall = (row * 0.8).toFixed(1);
  const drawn = { ok: '', failed: '' };
  steps.forEach(({ service, status }, i) => {
    const x = scale.at(spans[i]!.from) * 1000;
    const wide = Math.max(1.5, scale.at(spans[i]!.to) * 1000 - x).toFixed(1);
    const y = (laneOf.get(service)! * row).toFixed(1);
    drawn[status === 'failed' ? 'failed' : 'ok'] +=
      `M${x.toFixed(1)},${y}h${wide}v${tall}h-${wide}z`;
  });
  return drawn;
}

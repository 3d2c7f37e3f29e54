import type { FlowSummary } from '@fermata/server/contract';
import { nanosToMs, secondOfDay } from '../ui/format.ts';

/** Flows by the time they started, in equal slices, split by how they fare. */
export interface ActivityData {
  labels: string[];
  series: { name: 'ok' | 'open' | 'failed'; counts: number[] }[];
}

const SLICES = 48;

export function activityOf(flows: readonly FlowSummary[]): ActivityData {
  const starts = flows.map((flow) => nanosToMs(flow.startedAtUnixNano));
  let from = Infinity;
  let to = -Infinity;
  for (const at of starts) {
    if (at < from) from = at;
    if (at > to) to = at;
  }
  const width = Math.max(1000, (to - from + 1) / SLICES);
  const series = (['ok', 'open', 'failed'] as const).map((name) => ({
    name,
    counts: new Array<number>(SLICES).fill(0),
  }));
  flows.forEach((flow, i) => {
    const slice = Math.min(SLICES - 1, Math.floor((starts[i]! - from) / width));
    const row = flow.phase !== 'ended' ? 1 : flow.outcome === 'completed' ? 0 : 2;
    series[row]!.counts[slice]!++;
  });
  const labels = Array.from({ length: SLICES }, (_, i) =>
    flows.length === 0 ? '' : secondOfDay(from + i * width),
  );
  return { labels, series };
}

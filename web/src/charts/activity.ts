import type { FlowSummary } from '@fermata/server/contract';
import { absolute, nanosToMs } from '../ui/format.ts';

/**
 * Numbers of flows by the time at which the flows started, in slices of equal length, split by
 * status.
 */
export interface ActivityData {
  labels: string[];
  series: { name: Fate; counts: number[] }[];
}

const FATES = ['ok', 'open', 'undone', 'failed'] as const;
export type Fate = (typeof FATES)[number];
const fateOf = ({ phase, outcome }: FlowSummary): Fate => {
  if (phase !== 'ended') return 'open';
  if (outcome === 'completed') return 'ok';
  return outcome === 'compensated' || outcome === 'cancelled' ? 'undone' : 'failed';
};

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
  const series = FATES.map((name) => ({
    name,
    counts: new Array<number>(SLICES).fill(0),
  }));
  flows.forEach((flow, i) => {
    const slice = Math.min(SLICES - 1, Math.floor((starts[i]! - from) / width));
    series[FATES.indexOf(fateOf(flow))]!.counts[slice]!++;
  });
  const labels = Array.from({ length: SLICES }, (_, i) =>
    flows.length === 0 ? '' : absolute(from + i * width, Date.now(), 's'),
  );
  return { labels, series };
}

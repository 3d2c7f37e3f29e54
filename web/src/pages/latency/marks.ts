import type { TrendAnswer } from '@fermata/server/contract';

/** A deployment or incident, shown as a numbered line in the heatmap and as an entry below it. */
export interface Mark {
  number: number;
  at: string;
  text: string;
  isBad: boolean;
}

const MAX_MARKS = 12;

/** Returns deployments and incidents in order of time; if there are many, only the latest. */
export function marksOf({ annotations }: TrendAnswer): Mark[] {
  return annotations
    .filter(({ kind }) => kind !== 'variant')
    .slice(-MAX_MARKS)
    .map(({ at, kind, text }, i) => ({
      ...{ number: i + 1, at, isBad: kind === 'incident' },
      text: kind === 'incident' ? `Incident: ${text}` : `First seen: ${text}`,
    }));
}

/** Returns the p95 of each bucket; null if the bucket has no flows. */
export const p95Of = ({ buckets }: TrendAnswer): { at: string; ms: number | null }[] =>
  buckets.map(({ at, durationMs }) => ({ at, ms: durationMs.count > 0 ? durationMs.p95 : null }));

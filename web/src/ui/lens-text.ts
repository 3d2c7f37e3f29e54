import type { LensPopulation } from '@fermata/server/contract';
import { counted } from '@fermata/server/words';

/** Returns a text that says how many flows were counted, and which were not. */
export function populationText({ total, used, sampled }: LensPopulation): string {
  const missing = total - used;
  return [
    counted(used, 'flow'),
    ...(missing > 0
      ? [`${counted(missing, 'flow')} of an earlier version of Fermata not counted`]
      : []),
    ...(sampled ? ['quantiles from a sample'] : []),
  ].join(' · ');
}

/**
 * Returns a duration as a multiple of the usual one, such as `×2.5`; empty if it is close to usual.
 */
export function timesText(ms: number, usualMs: number): string {
  if (usualMs <= 0 || ms <= 0) return '';
  const times = ms / usualMs;
  if (times >= 0.8 && times <= 1.25) return '';
  return `×${times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString()}`;
}

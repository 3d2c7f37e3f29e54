import type { LensPopulation } from '@fermata/server/contract';
import { counted } from '@fermata/server/words';

/** Returns how many flows an answer rests on, and what it does not cover. */
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

/** Returns how many times as long something takes; '' if that is not worth a word. */
export function timesText(ms: number, usualMs: number): string {
  if (usualMs <= 0 || ms <= 0) return '';
  const times = ms / usualMs;
  if (times >= 0.8 && times <= 1.25) return '';
  return `×${times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString()}`;
}

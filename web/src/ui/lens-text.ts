import type { LensPopulation } from '@fermata/server/contract';

/** Returns a share of 1 as a percentage that is not 0 or 100 unless the share is 0 or 1. */
export function percent(share: number): string {
  const hundredths = share * 100;
  if (share > 0 && hundredths < 0.1) return '< 0.1 %';
  if (share < 1 && hundredths > 99.9) return '> 99.9 %';
  const digits = hundredths === 0 || hundredths === 100 || hundredths >= 10 ? 0 : 1;
  const rounded = Number(hundredths.toFixed(digits));
  return `${share < 1 && rounded === 100 ? hundredths.toFixed(1) : rounded} %`;
}

/** Returns a number of things with the thing's name: `1 flow`, `1,200 flows`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString()} ${count === 1 ? one : many}`;

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

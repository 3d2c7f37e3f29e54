import type { LensPopulation } from '@fermata/server/contract';
import { counted, duration } from '@fermata/server/words';
import { percent } from './change.ts';

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
  if (times < 0.05) return '< ×0.1';
  return `×${times < 10 ? times.toFixed(1) : Math.round(times).toLocaleString()}`;
}

/**
 * Returns the numbers behind the server's advice as text, each with its unit: `failed steps 3`,
 * `p99 2 min 24 s`, `held share 100 %`. The number of flows is left out, because it is shown as a
 * link.
 */
export const becauseText = (because: Readonly<Record<string, number>>): string =>
  Object.entries(because)
    .filter(([name]) => name !== 'flows')
    .map(([name, value]) => `${wordsOf(name)} ${numberOf(name, value)}`)
    .join(' · ');

function numberOf(name: string, value: number): string {
  if (/share/i.test(name)) return percent(value);
  if (/ms$/i.test(name)) return duration(value);
  return value.toLocaleString('en', { maximumFractionDigits: 1 });
}
const wordsOf = (name: string): string =>
  name.replace(/Ms$/, '').replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

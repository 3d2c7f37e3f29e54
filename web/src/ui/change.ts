import { duration } from './format.ts';

/**
 * Formats a share, 0 to 1, such as `41 %`. Below 10 % it has a decimal, so that a small share is
 * not shown as zero.
 */
export function percent(share: number): string {
  const value = share * 100;
  if (value < 100 && value >= 99.5) return '> 99 %';
  if (value === 0 || value >= 9.95) return `${Math.round(value)} %`;
  return value < 0.1 ? '< 0.1 %' : `${value.toFixed(1)} %`;
}

/** Formats the change of a duration: `+1.10 s`, `−30 ms`; `—` if it is negligible. */
export function changeOfMs(now: number, before: number): string {
  const difference = now - before;
  return isNegligible(now, before) ? '—' : `${signOf(difference)}${duration(Math.abs(difference))}`;
}

/** Formats the change of a count: `+12`, `−3`; `—` if there is none. */
export function changeOfCount(now: number, before: number): string {
  const difference = now - before;
  return difference === 0
    ? '—'
    : `${signOf(difference)}${Math.abs(difference).toLocaleString('en')}`;
}

/** Returns whether a change of a duration is too small to matter: within 1 % or 0.1 ms. */
const isNegligible = (now: number, before: number): boolean =>
  Math.abs(now - before) <= Math.max(0.1, 0.01 * Math.max(now, before));
const signOf = (difference: number): string => (difference < 0 ? '−' : '+');

import type { UsualStep } from '@fermata/server/contract';
import { duration } from '../../ui/format.ts';

/** This file presents what was learned about a flow type, in words and as bars. */

export const percent = (share: number): string =>
  share >= 0.995 && share < 1 ? '> 99 %' : `${Math.round(share * 100)} %`;

/** Returns a sentence about when a step usually comes. */
export function sentenceOf({ share, after, medianMs, lateMs }: UsualStep): string {
  const often = share >= 0.95 ? 'Nearly always' : `In ${percent(share)} of flows`;
  const place = after.length === 0 ? '' : ` after ${after.slice(0, 3).join(' or ')}`;
  if (lateMs === 0) return `${often}${place || ', as the start'}.`;
  return `${often}${place}, usually ${duration(medianMs)} after the step before; late after ${duration(lateMs)}.`;
}

export interface PathBar {
  step: UsualStep;
  /** Start of the wait before the step, as a share of the total width; `width` is its length. */
  from: number;
  width: number;
}

/**
 * Returns a bar for the wait before each step, one after another. Lengths are square roots of the
 * waits, which differ by orders of magnitude, so that short ones stay visible.
 */
export function barsOf(steps: readonly UsualStep[]): PathBar[] {
  const lengths = steps.map(({ medianMs }) => Math.sqrt(Math.max(0, medianMs)));
  const total = lengths.reduce((sum, one) => sum + one, 0) || 1;
  let at = 0;
  return steps.map((step, i) => {
    const bar = { step, from: at / total, width: lengths[i]! / total };
    at += lengths[i]!;
    return bar;
  });
}

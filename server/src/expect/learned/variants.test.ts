import { describe, expect, test } from 'vitest';
import type { WaitingFor } from '../../model/expectation.ts';
import { createTypeModel, teach } from './model.ts';
import { aDigest, type StepSketch } from '../../testing/digests.ts';
import { createVariants } from './variants.ts';
import { waitingFor } from '../waiting-for.ts';

const usual: StepSketch[] = [{ as: 'open' }, { as: 'pay' }];
const missing = (since: number, over: Partial<WaitingFor> = {}): WaitingFor => ({
  ...waitingFor({
    ...{ id: 'x', step: 'pay', service: 'pay service', since, stuckAt: since + 1000 },
    ...{ basis: 'learned', absence: 'missing-step' },
  }),
  ...over,
});
/**
 * Returns the number of flows with this ending, one each minute, after which the ending is legal;
 * null if it never is.
 */
function legalAfter(
  ending: StepSketch[],
  performedAt: (sinceMs: number) => number,
  over: Partial<WaitingFor> = {},
): number | null {
  const model = createTypeModel();
  for (let i = 0; i < 400; i++) teach(model, aDigest(`t${i}`, usual), 1);
  let since = 0;
  const variants = createVariants({ performedAt: () => performedAt(since) });
  for (let n = 1; n <= 40; n++) {
    since = n * 60_000;
    const digest = aDigest(`f${n}`, ending);
    const ids = variants.note(digest, [missing(since, over)], model);
    if (ids.length === 0) continue;
    expect(ids).toHaveLength(n);
    expect(variants.isLegal(digest)).toBe(true);
    return n;
  }
  return null;
}

describe('an ending becomes legal', () => {
  const byVoucher: StepSketch[] = [{ as: 'open' }, { as: 'voucher' }];
  const atWork = (since: number): number => since + 30_000;
  test('after three, where something came that excludes what is awaited', () => {
    expect(legalAfter(byVoucher, atWork)).toBe(3);
  });
  test('after many more, where it looks like the beginning of the usual way', () => {
    expect(legalAfter(usual.slice(0, 1), atWork)).toBeGreaterThanOrEqual(12);
  });
  test('never, while nobody is heard of whoever is awaited', () => {
    expect(legalAfter(byVoucher, () => 30_000)).toBeNull();
    expect(legalAfter(usual.slice(0, 1), () => 0)).toBeNull();
  });
  test('never, where a message waits', () => {
    expect(legalAfter(byVoucher, atWork, { hopId: 'h' })).toBeNull();
  });
});

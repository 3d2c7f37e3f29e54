import { scopedKey } from '../keys.ts';
import type { DigestStep } from '../learned/digest.ts';
import { isUnhandled, receiptKey, workFollows } from './receipts.ts';
import { count, SOLID, type Tallies, type Tally } from './tallies.ts';

/**
 * Counts, by place, the deliveries that were announced before their work, and whether work
 * followed.
 */
export interface Deliveries {
  /** Its work came: a fact, whatever becomes of its flow. */
  observe(environment: string, step: DigestStep): void;
  /** A flow teaches, or is retracted. */
  count(environment: string, step: DigestStep, weight: 1 | -1): void;
  /** One without work although that of a later delivery came. Counted while little is known. */
  countOvertaken(environment: string, step: DigestStep): void;
  /** The tally by which work is expected of this step; null: no work follows there. */
  tallyFor(environment: string, step: DigestStep): Tally | null;
  /** Returns whether, as far as is known, work follows at this place. */
  workFollows(environment: string, place: string): boolean;
}

const MAX_PLACES = 10_000;

export function createDeliveries(tallies: Tallies): Deliveries {
  /** By environment and place: when the latest delivery began whose work came, ms. */
  const latestHandled = new Map<string, number>();

  const countReceipt = (environment: string, step: DigestStep, weight: 1 | -1): void => {
    const { receipt } = step;
    if (receipt === undefined || receipt.isCounted === weight > 0) return;
    // Where work was never seen to follow, nothing has to be remembered.
    const key = receiptKey(receipt.place);
    const tally = receipt.isHandled
      ? tallies.getOrCreate(environment, key)
      : tallies.get(environment, key);
    if (tally === undefined) return;
    receipt.isCounted = weight > 0;
    count(tally, receipt.isHandled, weight);
    if (receipt.isHandled && step.endMs !== null)
      tally.waits.add(step.endMs - step.startMs, step.isHeldUp, weight);
    tallies.markChanged(environment);
  };

  return {
    observe(environment, step) {
      if (!step.receipt?.isHandled) return;
      noteLatest(latestHandled, scopedKey(environment, step.receipt.place), step.startMs);
      const tally = tallies.getOrCreate(environment, receiptKey(step.receipt.place));
      if (tally?.met === 0) count(tally, true, 1);
    },
    count: countReceipt,
    countOvertaken(environment, step) {
      if (!isUnhandled(step)) return;
      const { place } = step.receipt!;
      const met = tallies.get(environment, receiptKey(place))?.met ?? 0;
      if (met <= 0 || met >= SOLID) return;
      if ((latestHandled.get(scopedKey(environment, place)) ?? 0) > step.startMs)
        countReceipt(environment, step, 1);
    },
    tallyFor(environment, step) {
      const tally = tallies.get(environment, receiptKey(step.receipt!.place));
      return tally !== undefined && workFollows(tally) ? tally : null;
    },
    workFollows: (environment, place) => workFollows(tallies.get(environment, receiptKey(place))),
  };
}

function noteLatest(latest: Map<string, number>, key: string, atMs: number): void {
  const known = latest.get(key);
  if (known !== undefined && known >= atMs) return;
  if (known === undefined && latest.size >= MAX_PLACES) latest.delete(latest.keys().next().value!);
  latest.set(key, atMs);
}

import { deleteOldest } from '../../base/oldest.ts';
import { scopedKey } from '../keys.ts';
import type { DigestStep } from '../learned/digest.ts';
import { isUnhandled, receiptKey, workFollows } from './receipts.ts';
import { count, SOLID, type Tallies, type Tally } from './tallies.ts';
import type { PlaceInTime } from './unclaimed.ts';

/**
 * Counts deliveries whose span ends before the work on the message begins, and how many of them
 * were followed by work. The counts are kept by place, which is a service, a destination and a
 * consumer group.
 */
export interface Deliveries {
  /**
   * Observes that work followed a delivery. One observation is enough to expect work after later
   * deliveries, even if the flow is never learned from. Returns the delivery's place if work is
   * known there now from an earlier time on than before.
   */
  observe(environment: string, step: DigestStep): PlaceInTime[];
  /** Counts the delivery in a step that is learned from (`weight` 1), or subtracts it (-1). */
  count(environment: string, step: DigestStep, weight: 1 | -1): void;
  /**
   * Counts a delivery without work as final if work followed a later delivery. This is done only
   * while little is known about its place (service, destination and consumer group).
   */
  countOvertaken(environment: string, step: DigestStep): void;
  /**
   * Returns the tally by which work is expected after this delivery; null if no work follows
   * deliveries at its place (service, destination and consumer group).
   */
  tallyFor(environment: string, step: DigestStep): Tally | null;
  /**
   * Returns whether, as far as is known, work follows a delivery that began at this time, in ms
   * since 1970, at this place (service, destination and consumer group). Of a delivery before the
   * first one that work is known to follow, nothing is known.
   */
  workFollows(environment: string, place: string, startMs: number): boolean;
}

const MAX_PLACES = 10_000;

export function createDeliveries(tallies: Tallies): Deliveries {
  /**
   * Start of the latest delivery that was followed by work, in ms since 1970, by environment and
   * place (service, destination and consumer group).
   */
  const latestHandled = new Map<string, number>();

  const countReceipt = (environment: string, step: DigestStep, weight: 1 | -1): void => {
    const { receipt } = step;
    if (receipt === undefined || receipt.isCounted === weight > 0) return;
    // A tally is created only once work has followed a delivery at this place.
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
      if (!step.receipt?.isHandled) return [];
      noteLatest(latestHandled, scopedKey(environment, step.receipt.place), step.startMs);
      const key = receiptKey(step.receipt.place);
      const tally = tallies.getOrCreate(environment, key);
      if (tally === undefined || (tally.met > 0 && tally.sinceMs <= step.startMs)) return [];
      if (tally.met === 0) count(tally, true, 1);
      tally.sinceMs = Math.min(tally.sinceMs, step.startMs);
      tallies.markChanged(environment);
      return [{ place: scopedKey(environment, key), atMs: tally.sinceMs }];
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
      return tally !== undefined && isFollowed(tally, step.startMs) ? tally : null;
    },
    workFollows(environment, place, startMs) {
      const tally = tallies.get(environment, receiptKey(place));
      return tally !== undefined && isFollowed(tally, startMs);
    },
  };
}

const isFollowed = (tally: Tally, startMs: number): boolean =>
  tally.sinceMs <= startMs && workFollows(tally);

function noteLatest(latest: Map<string, number>, key: string, atMs: number): void {
  const known = latest.get(key);
  if (known !== undefined && known >= atMs) return;
  if (known === undefined && latest.size >= MAX_PLACES) deleteOldest(latest);
  latest.set(key, atMs);
}

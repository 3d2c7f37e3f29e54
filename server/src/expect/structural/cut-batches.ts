import { deleteOldest } from '../../base/oldest.ts';
import { scopedKey } from '../keys.ts';
import { environmentOf, type Digest, type SentMessage } from '../learned/digest.ts';

/** Tracks batches whose links do not name every message that they took. */
export interface CutBatches {
  observe(environment: string, destination: string, atMs: number): void;
  /** Returns whether a batch whose links are incomplete may have taken this message. */
  mayHold(digest: Digest, message: SentMessage): boolean;
}

/**
 * A batch is assumed to take only messages that were sent within this time, ms, before the batch.
 */
const CUT_MS = 60_000;
const MAX_CUTS = 64;
const MAX_PLACES = 10_000;

export function createCutBatches(): CutBatches {
  const cuts = new Map<string, number[]>();
  return {
    observe(environment, destination, atMs) {
      const key = scopedKey(environment, destination);
      if (!cuts.has(key) && cuts.size >= MAX_PLACES) deleteOldest(cuts);
      cuts.set(key, [...(cuts.get(key) ?? []).slice(1 - MAX_CUTS), atMs]);
    },
    mayHold: (digest, { destination, sentMs }) =>
      cuts.size > 0 &&
      (cuts.get(scopedKey(environmentOf(digest), destination)) ?? []).some(
        (atMs) => sentMs <= atMs && sentMs > atMs - CUT_MS,
      ),
  };
}

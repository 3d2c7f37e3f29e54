import type { Knowledge } from '../knowledge.ts';
import { breaksCompensationDuties } from './compensation.ts';
import type { Digest } from './digest.ts';
import { teach, typesIn, type TypeModel } from './model.ts';
import type { OutcomeSets } from './outcome-sets.ts';

/**
 * This file finds stalls among the flows that were learned from when too little was known to
 * recognize a stall.
 */

/** An ending that less than this share of the flows have may have been a stall. */
const RARE = 0.02;

type Known = Pick<Knowledge, 'models' | 'structural' | 'expected'>;

/**
 * Returns which share of the flows made the rarest choice that this flow made; null if all choices
 * of the flow are usual and no message is left that is usually taken.
 */
export function rarityOf(digest: Digest, model: TypeModel, { structural }: Known): number | null {
  const shareIn = (sets: OutcomeSets | undefined, members: readonly string[]): number =>
    sets === undefined || sets.total === 0 ? 1 : sets.countOf(members) / sets.total;
  const rarest = Math.min(
    shareIn(model.flows, typesIn(digest)),
    ...digest.steps.map((step) => shareIn(model.steps.get(step.key)?.sets, step.did)),
    ...digest.messages.map(({ key, takers }) =>
      takers.length === 0 ? 1 : shareIn(model.messages.get(key)?.takers, takers),
    ),
  );
  return rarest < RARE || structural.hasLeftOver(digest) ? rarest : null;
}

/**
 * Returns whether the flow looks like a stall. It is compared with all other flows only, because a
 * flow must not prove its own ending legal.
 */
export function looksStalled(digest: Digest, known: Known): boolean {
  const model = known.models.of(digest.type);
  if (breaksCompensationDuties(digest.ledger, model.undo)) return true;
  if (digest.declaredComplete || digest.aborted) return false;
  if (rarityOf(digest, model, known) === null) return false;
  teach(model, digest, -1);
  const owed = known.expected(digest);
  teach(model, digest, 1);
  return owed.length > 0;
}

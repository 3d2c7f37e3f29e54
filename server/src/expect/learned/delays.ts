import type { Knowledge } from '../knowledge.ts';
import type { Digest } from './digest.ts';
import { unusualWaitsIn, usualWaitsIn } from './model.ts';
import { createOpenDelays } from './open-delays.ts';
import type { Taught } from './taught.ts';

/**
 * Marks the waits and steps of a flow that an outage delayed (`outages.ts`), before the flow is
 * learned from. Delays that only later flows reveal are marked later.
 */
export interface Delays {
  /** Marks waits and steps that an outage delayed, in a flow that is not learned from yet. */
  mark(digest: Digest): void;
  /**
   * Judges delays of earlier flows of the type again, because `digest` was just learned from and
   * adds to what is known.
   */
  judgeAgain(digest: Digest): void;
}

/** `apply` adds a flow to what is known (1), or subtracts it (-1). */
export function createDelays(
  { outages, models }: Pick<Knowledge, 'outages' | 'models'>,
  taught: Pick<Taught, 'get'>,
  apply: (digest: Digest, weight: 1 | -1) => void,
): Delays {
  const open = createOpenDelays();
  const delayedIn = (digest: Digest) =>
    outages.heldUpIn(digest, usualWaitsIn(models.of(digest.type)));
  const learnAnew = (digest: Digest): void => {
    const delayed = delayedIn(digest);
    if (delayed.length === 0) return;
    apply(digest, -1);
    for (const one of delayed) one.isHeldUp = true;
    apply(digest, 1);
  };

  return {
    mark(digest) {
      for (const one of delayedIn(digest)) one.isHeldUp = true;
    },
    judgeAgain(digest) {
      const { type, flowId, messages } = digest;
      const unusual = unusualWaitsIn(models.of(type));
      // A flow that an outage delayed adds nothing to the knowledge of usual waits, so earlier
      // flows are not judged again because of it.
      const isHeldUp = messages.some(({ waits }) => waits.some((wait) => wait.isHeldUp));
      for (const id of isHeldUp ? [] : open.countFlow(type)) {
        // A flow that was retracted meanwhile is judged when it is learned from again.
        const earlier = taught.get(id);
        if (earlier !== undefined) learnAnew(earlier);
        if (earlier === undefined || !outages.isUnexplained(earlier, unusual))
          open.remove(type, id);
      }
      if (outages.isUnexplained(digest, unusual)) open.add(type, flowId);
    },
  };
}

import { messageKeyOf, placeOf } from '../keys.ts';
import type { Digest } from './digest.ts';
import type { TypeModel } from './model.ts';

/**
 * A flow is quiet once it has been idle for this many times the longest time that usually passes
 * between its last steps and what follows them.
 */
const QUIET_FACTOR = 3;

/**
 * Returns the idle time, ms, after which a flow is quiet, which means that nothing that usually
 * follows is still to come.
 */
export function quietAfterMs(
  digest: Digest,
  model: TypeModel | undefined,
  settleMs: number,
): number {
  const waitsAt = (key: string): number[] =>
    [...(model?.messages.get(key)?.waits.values() ?? [])].map((wait) => wait.late());
  let longest = 0;
  for (const step of digest.steps) {
    if (step.did.length > 0) continue;
    // Counts the time until the step usually sends a message, and the time until a consumer usually
    // takes that message.
    for (const [to, wait] of model?.steps.get(step.key)?.waits ?? []) {
      const place = placeOf(to);
      const taken = place === null ? [] : waitsAt(messageKeyOf(step, place));
      longest = Math.max(longest, wait.late() + Math.max(0, ...taken));
    }
  }
  for (const { key, takers } of digest.messages)
    if (takers.length === 0) longest = Math.max(longest, ...waitsAt(key));
  return Math.max(settleMs, QUIET_FACTOR * longest);
}

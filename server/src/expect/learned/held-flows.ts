import { oldestKey } from '../../base/oldest.ts';
import type { WaitingFor } from '../../model/expectation.ts';
import type { Digest } from './digest.ts';

/**
 * Holds flows that wait for something, so that they can be judged again when more becomes known.
 * Whether a flow is stuck depends on its spans, on what is known and on the present time; so a flow
 * that was judged with less knowledge is judged again when more is known (guarded by
 * held-flows.test.ts).
 */
export interface HeldFlows {
  /** Holds a flow; `owed` is what the flow was found to wait for. */
  add(digest: Digest, owed: readonly WaitingFor[]): void;
  get(flowId: string): Digest | undefined;
  /**
   * Returns whether a held flow has to be judged again, because the flow now waits for nothing, or
   * is overdue sooner than was reported. `owed` is what the flow waits for by present knowledge.
   */
  isJudgedAnew(flowId: string, owed: readonly WaitingFor[]): boolean;
  release(flowId: string): Digest | undefined;
  /**
   * Adds a flow that already waited before the last restart of the server; only its id is known.
   */
  restoreStalled(type: string, flowId: string): void;
  /**
   * Returns the held flows of a type for which present knowledge changes the verdict, and the
   * restored flows of the type. A restored flow is returned only once.
   */
  review(type: string, expected: (digest: Digest) => readonly WaitingFor[]): string[];
}

const MAX_HELD = 10_000;
const MAX_RESTORED = 100_000;
const MAX_REVIEWED = 500;
/** A deadline that moves by less than this, ms, counts as unchanged. */
const SAME_MS = 1000;

export function createHeldFlows(): HeldFlows {
  const held = new Map<string, { digest: Digest; dueMs: number }>();
  const byType = new Map<string, Set<string>>();
  const restored = new Map<string, Set<string>>();
  let restoredCount = 0;
  const release = (flowId: string): Digest | undefined => {
    const digest = held.get(flowId)?.digest;
    if (digest === undefined) return undefined;
    held.delete(flowId);
    const ofType = byType.get(digest.type);
    ofType?.delete(flowId);
    if (ofType?.size === 0) byType.delete(digest.type);
    return digest;
  };
  /**
   * Returns the first `MAX_REVIEWED` flows and moves them to the end of the set, so that every flow
   * is reviewed in turn.
   */
  const next = (all: Set<string>): string[] => {
    const ids: string[] = [];
    for (const id of all) {
      if (ids.length >= MAX_REVIEWED) break;
      ids.push(id);
    }
    for (const id of ids) {
      all.delete(id);
      all.add(id);
    }
    return ids;
  };

  const dueMsOf = (owed: readonly WaitingFor[]): number =>
    Math.min(...owed.map(({ stuckAt }) => stuckAt));
  const isJudgedAnew = (flowId: string, owed: readonly WaitingFor[]): boolean =>
    owed.length === 0 || dueMsOf(owed) + SAME_MS < (held.get(flowId)?.dueMs ?? 0);

  return {
    add(digest, owed) {
      held.set(digest.flowId, { digest, dueMs: dueMsOf(owed) });
      let ofType = byType.get(digest.type);
      if (ofType === undefined) byType.set(digest.type, (ofType = new Set<string>()));
      ofType.add(digest.flowId);
      if (held.size > MAX_HELD) release(oldestKey(held)!);
    },
    get: (flowId) => held.get(flowId)?.digest,
    isJudgedAnew,
    release,
    restoreStalled(type, flowId) {
      if (restoredCount >= MAX_RESTORED) return;
      restoredCount++;
      const ofType = restored.get(type);
      if (ofType === undefined) restored.set(type, new Set([flowId]));
      else ofType.add(flowId);
    },
    review(type, expected) {
      const found = next(byType.get(type) ?? new Set()).filter((id) =>
        isJudgedAnew(id, expected(held.get(id)!.digest)),
      );
      const before = restored.get(type);
      if (before === undefined) return found;
      const ids = next(before);
      for (const id of ids) before.delete(id);
      restoredCount -= ids.length;
      if (before.size === 0) restored.delete(type);
      return [...found, ...ids];
    },
  };
}

import type { WaitingFor } from '../../model/expectation.ts';
import type { Digest, SentMessage } from './digest.ts';

/**
 * Flows that wait for something, by what may change their verdict. A judgement is a function of the spans, of what is
 * known and of now: when more is known, whoever was judged by less is judged again (guarded by held-flows.test.ts).
 */
export interface HeldFlows {
  /** `owed`: what it was told to wait for. */
  add(digest: Digest, owed: readonly WaitingFor[]): void;
  get(flowId: string): Digest | undefined;
  /** By what is known now it owes nothing, or is overdue sooner than it was told. */
  isJudgedAnew(flowId: string, owed: readonly WaitingFor[]): boolean;
  release(flowId: string): Digest | undefined;
  /** From before the last start: known by its name alone. */
  recall(type: string, flowId: string): void;
  /** Flows of a type that are judged anew by what is owed now; those that were recalled are among them once. */
  review(type: string, owedBy: (digest: Digest) => readonly WaitingFor[]): string[];
  /** Messages of a flow that wait where nobody is known to take any. */
  noteUnheard(environment: string, flowId: string, messages: readonly SentMessage[]): void;
  /** Somebody takes from this place (environment, place): flows of which a message waits there. */
  takeUnheard(place: string): string[];
}

const MAX_HELD = 10_000;
const MAX_RECALLED = 100_000;
const MAX_REVIEWED = 500;
const MAX_PLACES = 2000;
const MAX_PER_PLACE = 5000;
/** A deadline that moves by less is the same. */
const SAME_MS = 1000;

export function createHeldFlows(): HeldFlows {
  const held = new Map<string, { digest: Digest; dueMs: number }>();
  const byType = new Map<string, Set<string>>();
  const recalled = new Map<string, Set<string>>();
  let recalledCount = 0;
  const unheard = new Map<string, Set<string>>();
  const release = (flowId: string): Digest | undefined => {
    const digest = held.get(flowId)?.digest;
    if (digest === undefined) return undefined;
    held.delete(flowId);
    const ofType = byType.get(digest.type);
    ofType?.delete(flowId);
    if (ofType?.size === 0) byType.delete(digest.type);
    return digest;
  };
  /** Eldest first; those that were asked stand last, so that all have their turn. */
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

  const dueMsOf = (owed: readonly WaitingFor[]): number => Math.min(...owed.map(({ stuckAt }) => stuckAt));
  const isJudgedAnew = (flowId: string, owed: readonly WaitingFor[]): boolean =>
    owed.length === 0 || dueMsOf(owed) + SAME_MS < (held.get(flowId)?.dueMs ?? 0);

  return {
    add(digest, owed) {
      held.set(digest.flowId, { digest, dueMs: dueMsOf(owed) });
      let ofType = byType.get(digest.type);
      if (ofType === undefined) byType.set(digest.type, (ofType = new Set<string>()));
      ofType.add(digest.flowId);
      if (held.size > MAX_HELD) release(held.keys().next().value!);
    },
    get: (flowId) => held.get(flowId)?.digest,
    isJudgedAnew,
    release,
    recall(type, flowId) {
      if (recalledCount >= MAX_RECALLED) return;
      recalledCount++;
      const ofType = recalled.get(type);
      if (ofType === undefined) recalled.set(type, new Set([flowId]));
      else ofType.add(flowId);
    },
    review(type, owedBy) {
      const found = next(byType.get(type) ?? new Set()).filter((id) =>
        isJudgedAnew(id, owedBy(held.get(id)!.digest)),
      );
      const before = recalled.get(type);
      if (before === undefined) return found;
      const ids = next(before);
      for (const id of ids) before.delete(id);
      recalledCount -= ids.length;
      if (before.size === 0) recalled.delete(type);
      return [...found, ...ids];
    },
    noteUnheard(environment, flowId, messages) {
      for (const { place } of messages) {
        const key = `${environment}\0${place}`;
        let ids = unheard.get(key);
        if (ids === undefined) {
          if (unheard.size >= MAX_PLACES) unheard.delete(unheard.keys().next().value!);
          unheard.set(key, (ids = new Set<string>()));
        }
        ids.add(flowId);
        if (ids.size > MAX_PER_PLACE) ids.delete(ids.values().next().value!);
      }
    },
    takeUnheard(place) {
      const ids = [...(unheard.get(place) ?? [])];
      unheard.delete(place);
      return ids;
    },
  };
}

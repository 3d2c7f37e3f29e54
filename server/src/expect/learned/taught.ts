import { oldestKey } from '../../base/oldest.ts';
import type { Digest } from './digest.ts';

/**
 * Keeps flows that were learned from, so that what was learned can be retracted if a late span
 * changes a flow, or if a flow is recognized in hindsight as a stall.
 */
export interface Taught {
  /** Keeps a flow that was learned from. Returns all kept flows of its type. */
  keepRetractable(digest: Digest): ReadonlyMap<string, Digest>;
  get(flowId: string): Digest | undefined;
  /**
   * Returns the flow in the form that was learned from, and forgets the flow. Returns undefined if
   * the flow was not learned from, or was learned from so long ago that it is no longer kept.
   */
  retract(flowId: string): Digest | undefined;
  /**
   * Returns, of the last flows of a type, those that may turn out to be stalls, so that they can be
   * stored, and can still be retracted after a restart. `shareOf` returns how common a flow is;
   * null if it cannot be a stall. If there are too many, only the rarest are returned, because
   * where branches join, every flow leaves a message untaken and may look like a stall.
   */
  suspiciousRare(type: string, shareOf: (digest: Digest) => number | null): Digest[];
}

const MAX_PER_TYPE = 5000;
const MAX_TOTAL = 100_000;
const MAX_SEARCHED = 1000;
const MAX_SUSPICIOUS = 100;

export function createTaught(): Taught {
  const byType = new Map<string, Map<string, Digest>>();
  const typeOf = new Map<string, string>();
  const retract = (flowId: string): Digest | undefined => {
    const ofType = byType.get(typeOf.get(flowId) ?? '');
    const digest = ofType?.get(flowId);
    typeOf.delete(flowId);
    ofType?.delete(flowId);
    return digest;
  };

  /** Forgets a flow, which makes what was learned from it permanent. */
  const makePermanent = (flowId: string): void => void retract(flowId);

  return {
    keepRetractable(digest) {
      let ofType = byType.get(digest.type);
      if (ofType === undefined) byType.set(digest.type, (ofType = new Map<string, Digest>()));
      ofType.set(digest.flowId, digest);
      typeOf.set(digest.flowId, digest.type);
      if (ofType.size > MAX_PER_TYPE) makePermanent(oldestKey(ofType)!);
      if (typeOf.size > MAX_TOTAL) makePermanent(oldestKey(typeOf)!);
      return ofType;
    },
    get: (flowId) => byType.get(typeOf.get(flowId) ?? '')?.get(flowId),
    retract,
    suspiciousRare: (type, shareOf) =>
      [...(byType.get(type)?.values() ?? [])]
        .slice(-MAX_SEARCHED)
        .flatMap((digest) => {
          const share = shareOf(digest);
          return share === null ? [] : [{ digest, share }];
        })
        .sort((a, b) => a.share - b.share)
        .slice(0, MAX_SUSPICIOUS)
        .map(({ digest }) => digest),
  };
}

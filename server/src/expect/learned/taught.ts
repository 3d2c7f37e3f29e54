import type { Digest } from './digest.ts';

/**
 * Keeps flows that were learned from and can still be retracted: a late span changes what a flow
 * was, and a stall is recognized only in hindsight.
 */
export interface Taught {
  /** Keeps a flow. Returns the retractable flows of its type. */
  keepRetractable(digest: Digest): ReadonlyMap<string, Digest>;
  get(flowId: string): Digest | undefined;
  /**
   * Returns the flow as it was learned from, and forgets it; undefined if it was not, or so long
   * ago that it is permanent.
   */
  retract(flowId: string): Digest | undefined;
  /**
   * Returns those of the last flows of a type that may turn out to be stalls, so that they survive
   * a restart. `shareOf` returns how common a flow is, or null if it is no stall; the rarest are
   * kept, because with joins every flow leaves a message behind.
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

  /** Makes what was learned from a flow permanent, as its digest is no longer kept. */
  const makePermanent = (flowId: string): void => void retract(flowId);

  return {
    keepRetractable(digest) {
      let ofType = byType.get(digest.type);
      if (ofType === undefined) byType.set(digest.type, (ofType = new Map<string, Digest>()));
      ofType.set(digest.flowId, digest);
      typeOf.set(digest.flowId, digest.type);
      if (ofType.size > MAX_PER_TYPE) makePermanent(ofType.keys().next().value!);
      if (typeOf.size > MAX_TOTAL) makePermanent(typeOf.keys().next().value!);
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

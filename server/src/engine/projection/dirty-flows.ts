import type { Clock } from '../../base/clock.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { ShownFlows } from './shown-flows.ts';

/**
 * Keys of flows that changed since they were projected, taken in cycles: those that are dirty when
 * a cycle begins, in the order in which they became so. Large flows are deferred to a later cycle.
 */
export interface DirtyFlows {
  mark(key: FlowKey): void;
  has(key: FlowKey): boolean;
  /** It is projected now. */
  clear(key: FlowKey): void;
  /** Begins a cycle unless one is under way. */
  begin(): void;
  /** The next one of this cycle; undefined: none is left. `all`: none is deferred. */
  next(all: boolean): FlowKey | undefined;
  /** Some of this cycle are left. */
  readonly isUnderWay: boolean;
  /** Some were deferred since the last call of `begin` that began a cycle. */
  readonly hasDeferred: boolean;
  /** Everything that was dirty when the cycle began is projected by now. */
  readonly isComplete: boolean;
  readonly size: number;
}

/**
 * Flows above so many spans are projected less often: at most this share of the time goes into one
 * of them.
 */
const LARGE_FLOW_SPANS = 1000;
const PROJECTION_MS_PER_SPAN = 0.05;

export function createDirtyFlows(
  clock: Clock,
  correlator: Pick<Correlator, 'spanCountOf' | 'markActive'>,
  shown: Pick<ShownFlows, 'projectedAtMs' | 'movedInto'>,
): DirtyFlows {
  const dirty = new Set<FlowKey>();
  /** What is left of this cycle, last first. */
  let left: FlowKey[] = [];
  /**
   * Deferred in the first cycle since one was complete: none is complete before these are
   * projected.
   */
  const deferred = new Set<FlowKey>();
  let isFirstCycle = true;
  let hasDeferred = false;

  const isTooSoon = (key: FlowKey, now: number): boolean => {
    const size = correlator.spanCountOf(key);
    const last = shown.projectedAtMs(key);
    return (
      size > LARGE_FLOW_SPANS && last !== undefined && now - last < size * PROJECTION_MS_PER_SPAN
    );
  };
  /**
   * A flow is projected together with those that its spans moved into, and so has to wait for them.
   */
  const isDeferred = (key: FlowKey, now: number): boolean =>
    isTooSoon(key, now) || shown.movedInto(key).some((to) => isTooSoon(to, now));

  return {
    mark(key) {
      dirty.add(key);
      correlator.markActive(key);
    },
    has: (key) => dirty.has(key),
    clear(key) {
      dirty.delete(key);
      deferred.delete(key);
    },
    begin() {
      hasDeferred = false;
      if (left.length > 0) return;
      left = [...dirty].reverse();
      isFirstCycle = deferred.size === 0;
    },
    next(all) {
      const now = clock.now();
      for (let key = left.pop(); key !== undefined; key = left.pop()) {
        if (!dirty.has(key)) continue;
        if (all || !isDeferred(key, now)) return key;
        hasDeferred = true;
        if (isFirstCycle) deferred.add(key);
      }
      return undefined;
    },
    get isUnderWay() {
      return left.length > 0;
    },
    get hasDeferred() {
      return hasDeferred;
    },
    get isComplete() {
      return left.length === 0 && deferred.size === 0;
    },
    get size() {
      return dirty.size;
    },
  };
}

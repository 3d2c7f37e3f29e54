import type { Clock } from '../../base/clock.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { ShownFlows } from './shown-flows.ts';

/**
 * The dirty set holds the keys of flows that changed since their last projection. A cycle takes the
 * flows that were dirty when the cycle began, oldest first. Large flows are deferred to a later
 * cycle.
 */
export interface DirtyFlows {
  mark(key: FlowKey): void;
  has(key: FlowKey): boolean;
  /** Removes a flow from the dirty set because it is projected now. */
  clear(key: FlowKey): void;
  /** Begins a cycle with the flows that are dirty now, unless flows of the last cycle are left. */
  begin(): void;
  /**
   * Returns the key of the next flow to project in this cycle; undefined if none is left. With
   * `all` no flow is deferred.
   */
  next(all: boolean): FlowKey | undefined;
  /** True while flows of this cycle are left. */
  readonly isUnderWay: boolean;
  /** True if flows were deferred since the last call of `begin`. */
  readonly hasDeferred: boolean;
  /**
   * True if every flow that was dirty when the cycle began is projected, deferred flows included.
   */
  readonly isComplete: boolean;
  readonly size: number;
}

/**
 * A flow with more spans is projected less often. Its next projection waits
 * `PROJECTION_MS_PER_SPAN` ms for each of its spans, so that no single flow takes most of the time.
 */
const LARGE_FLOW_SPANS = 1000;
const PROJECTION_MS_PER_SPAN = 0.05;

export function createDirtyFlows(
  clock: Clock,
  correlator: Pick<Correlator, 'spanCountOf' | 'markActive'>,
  shown: Pick<ShownFlows, 'projectedAtMs' | 'movedInto'>,
): DirtyFlows {
  const dirty = new Set<FlowKey>();
  /** Flows left in this cycle; the next one to project is the last of the list. */
  let left: FlowKey[] = [];
  /**
   * Flows that were deferred in the first cycle after a complete one. No cycle is complete before
   * these flows are projected.
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
   * Returns whether the flow must wait. A flow is projected together with the flows into which its
   * spans moved, so it must also wait if one of those flows must.
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

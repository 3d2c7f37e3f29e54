import type { Clock } from '../../base/clock.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { ShownFlows } from './shown-flows.ts';

/**
 * The dirty set: keys of the flows that changed since their last projection. A projection cycle
 * takes the flows that were dirty when it began, oldest first. Large flows may be deferred to a
 * later cycle.
 */
export interface DirtyFlows {
  mark(key: FlowKey): void;
  has(key: FlowKey): boolean;
  /** Removes a flow from the dirty set. Called when the flow is projected. */
  clear(key: FlowKey): void;
  /**
   * Begins a cycle with all flows that are dirty now. If the last cycle is unfinished, continues it
   * instead.
   */
  begin(): void;
  /**
   * Returns the key of the next flow to project in this cycle; undefined if there is none. If `all`
   * is true, no flow is deferred.
   */
  next(all: boolean): FlowKey | undefined;
  /** True while the current cycle has more flows to project. */
  readonly isUnderWay: boolean;
  /** True if flows were deferred since the last call of `begin`. */
  readonly hasDeferred: boolean;
  /**
   * True if all flows that were dirty at the beginning of the cycle have been projected, including
   * deferred ones.
   */
  readonly isComplete: boolean;
  readonly size: number;
}

/**
 * Number of spans above which a flow is projected less often, so that no single flow uses most of
 * the time. Two projections of such a flow are at least `PROJECTION_MS_PER_SPAN` ms apart for each
 * of its spans.
 */
const LARGE_FLOW_SPANS = 1000;
const PROJECTION_MS_PER_SPAN = 0.05;

export function createDirtyFlows(
  clock: Clock,
  correlator: Pick<Correlator, 'spanCountOf' | 'markActive'>,
  shown: Pick<ShownFlows, 'projectedAtMs' | 'movedInto'>,
): DirtyFlows {
  const dirty = new Set<FlowKey>();
  /** Flows that the current cycle has not projected yet, in reverse order. */
  let left: FlowKey[] = [];
  /**
   * Flows that were deferred in a cycle and must be projected before the watermark may advance.
   * Later cycles add no flows to this set until it is empty.
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
   * Returns whether the flow must be deferred. If its spans moved to other flows, it is projected
   * together with them, so it must also be deferred if one of those flows must.
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

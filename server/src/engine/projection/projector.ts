import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import type { Log } from '../../base/log.ts';
import { UNATTRIBUTED, type Correlator, type Reloading } from '../../correlate/index.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { FlowKey } from '../../model/keys.ts';
import { isLive, type Span } from '../../model/span.ts';
import type { Clocks } from '../../timeline/index.ts';
import { createClockRevisions } from './clock-revisions.ts';
import { createDirtyFlows } from './dirty-flows.ts';
import { createEvictor } from './evictor.ts';
import { createFlowChanges, type FlowChangesOptions, type Taken } from './flow-changes.ts';
import { createOpenFlows, type OpenFlows } from './open-flows.ts';
import { createShownFlows } from './shown-flows.ts';

/**
 * Projects changed flows, which means that it computes their timelines and rows. The correlator
 * reports which flows changed. `ShownFlows` stores the ids under which each flow was last
 * projected, so that an id that a flow no longer has gets a tombstone.
 */
export interface Projector {
  /**
   * Correlates spans. All flows that they affect must be in memory or in `reload`, which contains
   * flows loaded from the store. Returns the keys of the flows that changed, for `takeChangesOf`.
   */
  add(spans: readonly Span[], reload?: Reloading): readonly FlowKey[];
  /**
   * Returns changed flows, tombstones of vanished ids, and unattributed spans. Projects at most
   * `limit` flows, the longest waiting first, because projecting many flows at once would block the
   * event loop. Without a limit no flow is deferred.
   *
   * All changes that one call returns must be written together. If spans moved from one flow to
   * another, both flows are among the changes. If a crash separated them, the spans would be in no
   * row. They would not be replayed either, because the batch in which they arrived counts as
   * complete.
   */
  takeChanges(limit?: number): Changes;
  /**
   * Returns the changes of the flows with these keys, and of the flows that were last projected
   * under these ids. Flows that are not dirty are projected, too.
   */
  takeChangesOf(ids: Iterable<string>, keys: readonly FlowKey[]): Changes;
  /** Projects and assesses the flows with these ids again, although no span arrived. */
  reevaluate(ids: Iterable<string>): void;
  /** Reports that these changes are durable. Their flows can then be evicted once they are idle. */
  written(changes: readonly FlowChange[]): void;
  readonly openFlows: Pick<OpenFlows, 'restore' | 'size'>;
  /** Number of flows that changed since their last projection. */
  readonly flowsToProject: number;
  stop(): void;
}

export interface Changes extends Taken {
  /** True if no more flows can be taken in this cycle. */
  isAll: boolean;
  /** True if all flows that were dirty at the beginning of this cycle have been returned. */
  cycleEnds: boolean;
}

export interface ProjectorOptions extends Pick<FlowChangesOptions, 'runQuietMs' | 'assess'> {
  clock: Clock;
  counters: Counters;
  log: Log;
  correlator: Correlator;
  clocks: Clocks;
  /** Time, ms, for which a flow without a declared end must be idle to count as ended. */
  settleMs: number;
  /** Called when flows wait for projection. */
  onDirty: () => void;
  /**
   * Called with the ids of flows that now count as ended, because they were idle for `settleMs`.
   */
  onSettled: (ids: string[]) => void;
  /** Called with the ids of evicted flows that must be loaded and projected again. */
  onAway: (ids: string[]) => void;
}

export function createProjector(options: ProjectorOptions): Projector {
  const { clock, counters, correlator, clocks } = options;
  const shown = createShownFlows(clock, correlator);
  const dirty = createDirtyFlows(clock, correlator, shown);
  const evictor = createEvictor(clock, correlator, shown, dirty);
  const { onDirty, onSettled, settleMs } = options;
  const revisions = createClockRevisions({ clock, counters, clocks, correlator, onDue: onDirty });

  const reevaluate = (ids: Iterable<string>): void => {
    const away: string[] = [];
    for (const id of ids) {
      const key = shown.keyOf(id);
      if (key !== undefined && correlator.spanCountOf(key) > 0) dirty.mark(key);
      else away.push(id);
    }
    if (away.length > 0) options.onAway(away);
    if (dirty.size > 0) onDirty();
  };
  const openFlows = createOpenFlows({ clock, settleMs, onSettled, onDue: reevaluate });

  const collectDirty = (): readonly FlowKey[] => {
    const keys = [...correlator.takeDirty()];
    for (const key of keys) dirty.mark(key);
    return keys;
  };
  const reviseClocks = (): boolean => {
    const again = revisions.revise();
    for (const key of again ?? []) dirty.mark(key);
    return again !== null;
  };

  const flowChanges = createFlowChanges({ ...options, shown, openFlows, revisions, reviseClocks });
  const takeWithMoved = (first: FlowKey, taken: Taken): void => {
    const keys = new Set([first]);
    for (const key of keys) {
      for (const to of shown.movedInto(key)) keys.add(to);
      correlator.forgetMoves(key);
      dirty.clear(key);
      correlator.markActive(key);
      flowChanges.take(key, taken);
    }
  };
  const changesOf = ({ list: taken, unheard }: Taken): Changes => {
    // If one call both buried an id and projected a flow under it (the flow was renamed and renamed
    // back), keep only the projected flow.
    const projected = new Set(taken.flatMap(({ kind, id }) => (kind === 'flow' ? [id] : [])));
    const list = taken.filter(({ kind, id }) => kind === 'flow' || !projected.has(id));
    shown.markUnwritten(list);
    for (const row of correlator.takeUnattributed())
      list.push({
        kind: 'unattributed',
        id: UNATTRIBUTED + row.key,
        version: shown.nextVersion(),
        row,
      });
    return { list, isAll: !dirty.isUnderWay, cycleEnds: dirty.isComplete, unheard };
  };

  counters.gauge('fermata_open_flows', () => openFlows.size);
  counters.gauge('fermata_flows_to_write', () => dirty.size + shown.unwrittenRows);

  return {
    add(spans, reload) {
      if (reload !== undefined) shown.rehydrated(reload.load());
      correlator.add(spans);
      clocks.observe(spans.filter(isLive));
      const changed = collectDirty();
      if (dirty.size > 0) onDirty();
      return changed;
    },
    takeChanges(limit = Infinity) {
      collectDirty();
      reviseClocks();
      dirty.begin();
      const taken: Taken = { list: [], unheard: { ids: [], names: [] } };
      while (taken.list.length < limit) {
        const key = dirty.next(limit === Infinity);
        if (key === undefined) break;
        takeWithMoved(key, taken);
      }
      if (dirty.hasDeferred) onDirty();
      revisions.reviseLater();
      return changesOf(taken);
    },
    takeChangesOf(ids, keys) {
      const again = new Set(keys);
      for (const id of ids) {
        const key = shown.keyOf(id);
        if (key !== undefined) again.add(key);
      }
      const taken: Taken = { list: [], unheard: { ids: [], names: [] } };
      for (const key of again) takeWithMoved(key, taken);
      return changesOf(taken);
    },
    reevaluate,
    written(changes) {
      evictor.written(changes);
      if (dirty.size > 0) onDirty();
    },
    openFlows,
    get flowsToProject() {
      return dirty.size;
    },
    stop() {
      revisions.stop();
      evictor.stop();
      openFlows.stop();
    },
  };
}

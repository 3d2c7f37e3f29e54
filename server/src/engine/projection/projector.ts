import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import type { Log } from '../../base/log.ts';
import { UNATTRIBUTED, type Correlator, type Reloading } from '../../correlate/index.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { Span } from '../../model/span.ts';
import type { Clocks } from '../../timeline/index.ts';
import { createClockRevisions } from './clock-revisions.ts';
import { createDirtyFlows } from './dirty-flows.ts';
import { createEvictor } from './evictor.ts';
import { createFlowChanges, type FlowChangesOptions, type Taken } from './flow-changes.ts';
import { createOpenFlows, type OpenFlows } from './open-flows.ts';
import { createShownFlows } from './shown-flows.ts';

/**
 * Changed flows → their newest form. It projects what the correlator says has changed, and knows
 * what each flow was shown as before: a name that a flow no longer has leaves a tombstone.
 */
export interface Projector {
  /**
   * Correlates spans of which nothing is missing. `reload`: with what was found for them. Gives the
   * keys of flows that changed, for `takeChangesOf`.
   */
  add(spans: readonly Span[], reload?: Reloading): readonly FlowKey[];
  /**
   * Changed flows, tombstones of names that are gone, spans in no flow. At most `limit` flows,
   * those that wait longest first: projecting many at once would stop everything else. Without a
   * limit none is deferred. What is given at once has to be written at once: a flow that spans
   * moved out of comes with those that have them now. A crash in between would leave those spans in
   * no row, although their own batch was included long ago.
   */
  takeChanges(limit?: number): Changes;
  /**
   * The same at once for the flows with these keys, and for those that were projected as these ids.
   */
  takeChangesOf(ids: Iterable<string>, keys: readonly FlowKey[]): Changes;
  /** Projects and judges these again, although nothing arrived. */
  reevaluate(ids: Iterable<string>): void;
  /** These changes are durable: their flows may be evicted once they are idle. */
  written(changes: readonly FlowChange[]): void;
  readonly openFlows: Pick<OpenFlows, 'restore' | 'size'>;
  /** Changed, and not projected since. */
  readonly flowsToProject: number;
  stop(): void;
}

export interface Changes extends Taken {
  /** Nothing else can be projected now. */
  isAll: boolean;
  /** Whatever had changed when this cycle began has been given by now. */
  cycleEnds: boolean;
}

export interface ProjectorOptions extends Pick<FlowChangesOptions, 'runQuietMs' | 'assess'> {
  clock: Clock;
  counters: Counters;
  log: Log;
  correlator: Correlator;
  clocks: Clocks;
  /** Idle time after which a flow whose end nobody declares counts as ended, ms. */
  settleMs: number;
  /** There is something to project. */
  onDirty: () => void;
  /** Flows that were open count as ended now. */
  onSettled: (ids: string[]) => void;
  /** Flows that are not in memory have to be projected again. */
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
    // A name that was deleted and projected in one go (a rename back) is projected.
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
      clocks.observe(spans);
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

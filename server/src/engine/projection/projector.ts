import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { UNATTRIBUTED, type Correlator, type Reloading } from '../../correlate/index.ts';
import type { Flow, FlowChange } from '../../model/flow.ts';
import { flowIdOf, flowKeyOf, idTokenOf, isUntyped } from '../../model/keys.ts';
import { TOKEN } from '../../model/names.ts';
import type { Span } from '../../model/span.ts';
import { timelinesOf, type Clocks } from '../../timeline/index.ts';
import { createClockRevisions } from './clock-revisions.ts';
import { createDirtyFlows } from './dirty-flows.ts';
import { createEvictor } from './evictor.ts';
import { createOpenFlows, type OpenFlows } from './open-flows.ts';
import { createShownFlows } from './shown-flows.ts';

/**
 * Changed flows → their newest form. It projects what the correlator says has changed, and knows what
 * each flow was shown as before: a name that a flow no longer has leaves a tombstone.
 */
export interface Projector {
  /**
   * Correlates spans of which nothing is missing. `reload`: with what was found for them. Gives the keys
   * of flows that changed, for `takeChangesOf`.
   */
  add(spans: readonly Span[], reload?: Reloading): readonly string[];
  /**
   * Changed flows, tombstones of names that are gone, spans in no flow. At most `limit` flows, those
   * that wait longest first: projecting many at once would stop everything else. Without a limit none
   * is deferred. What is given at once has to be written at once: a flow that spans moved out of comes
   * with those that have them now. A crash in between would leave those spans in no row, although
   * their own batch was included long ago.
   */
  takeChanges(limit?: number): Changes;
  /** The same at once for the flows with these keys, and for those that were projected as these ids. */
  takeChangesOf(ids: Iterable<string>, keys: readonly string[]): Changes;
  /** Projects and judges these again, although nothing arrived. */
  reevaluate(ids: Iterable<string>): void;
  /** These changes are durable: their flows may be evicted once they are idle. */
  written(changes: readonly FlowChange[]): void;
  readonly openFlows: Pick<OpenFlows, 'restore' | 'size'>;
  /** Changed, and not projected since. */
  readonly flowsToProject: number;
  stop(): void;
}

export interface Changes {
  list: FlowChange[];
  /** Nothing else can be projected now. */
  isAll: boolean;
  /** Whatever had changed when this cycle began has been given by now. */
  cycleEnds: boolean;
  unheard: Unheard;
}

/**
 * What the store may have of flows that seem to be new, where names were forgotten: flows with these
 * ids, and, of flows whose type nobody said, with these names. To be loaded, and projected again.
 */
export interface Unheard {
  ids: string[];
  names: string[];
}

export interface ProjectorOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  correlator: Correlator;
  clocks: Clocks;
  /** Idle time after which a flow whose end nobody declares counts as ended, ms. */
  settleMs: number;
  /** Quiet time, ms, after which an id that is used again makes a new run; 0: only a declared start does. */
  runQuietMs?: number | undefined;
  /** Definition, expectations and rules, at this moment. Never throws. */
  assess(flow: Flow): Flow;
  /** There is something to project. */
  onDirty: () => void;
  /** Flows that were open count as ended now. */
  onSettled: (ids: string[]) => void;
  /** Flows that are not in memory have to be projected again. */
  onAway: (ids: string[]) => void;
}

type Taken = Pick<Changes, 'list' | 'unheard'>;

export function createProjector(options: ProjectorOptions): Projector {
  const { clock, counters, log, correlator, clocks } = options;
  const runQuietNs = BigInt(options.runQuietMs ?? 0) * 1_000_000n;
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

  const collectDirty = (): readonly string[] => {
    const keys = [...correlator.takeDirty()];
    for (const key of keys) dirty.mark(key);
    return keys;
  };
  const reviseClocks = (): boolean => {
    const again = revisions.revise();
    for (const key of again ?? []) dirty.mark(key);
    return again !== null;
  };

  /** One flow, from its spans to what is said of it; a run each. */
  const project = (key: string): Flow[] => {
    const input = correlator.inputOf(key);
    let runs = timelinesOf(input, clocks, runQuietNs);
    // What this flow shows of a clock is true of itself.
    if (reviseClocks()) runs = timelinesOf(input, clocks, runQuietNs);
    return runs.map((run) => options.assess(correlator.withWorthlessMarks(run)));
  };
  /** null: a fault of ours, which must not keep others from being projected. Its rows stay as they are. */
  const projectOrNull = (key: string): Flow[] | null => {
    try {
      return project(key);
    } catch (error) {
      counters.add('fermata_drawing_failures_total');
      log.error({ detail: messageOf(error).slice(0, 500), key }, 'a flow could not be projected');
      return null;
    }
  };
  /** The newest form of a flow in memory, and tombstones of ids that it was shown as before. */
  const takeFlow = (key: string, { list, unheard }: Taken): void => {
    const before = new Set(shown.idsOf(key));
    const runs = projectOrNull(key);
    if (runs === null) return shown.show(key, [...before]);
    shown.show(
      key,
      runs.map(({ id }) => id),
    );
    for (const flow of runs) {
      openFlows.track(flow);
      list.push({ kind: 'flow', id: flow.id, version: shown.nextVersion(), flow });
      if (correlator.hasForgottenNames && !before.has(flow.id)) lookFor(flow, key, unheard);
      before.delete(flow.id);
    }
    for (const id of before) list.push(tombstone(id, runs[0]!.id));
    revisions.projected(key);
  };
  /** The key is gone: its spans live under another one now. */
  const takeGone = (key: string, { list }: Taken): void => {
    const home = shown.homeOf(key);
    const movedTo = home === '' ? null : flowIdOf(home, 1);
    for (const id of shown.idsOf(key)) list.push(tombstone(id, movedTo));
    shown.drop(key);
  };
  const tombstone = (id: string, movedTo: string | null): FlowChange => {
    openFlows.forget(id);
    shown.bury(id);
    return { kind: 'tombstone', id, version: shown.nextVersion(), movedTo };
  };
  const takeWithMoved = (first: string, taken: Taken): void => {
    const keys = new Set([first]);
    for (const key of keys) {
      for (const to of shown.movedInto(key)) keys.add(to);
      correlator.forgetMoves(key);
      dirty.clear(key);
      correlator.markActive(key);
      if (correlator.spanCountOf(key) > 0) takeFlow(key, taken);
      else takeGone(key, taken);
    }
  };
  const changesOf = ({ list: taken, unheard }: Taken): Changes => {
    // A name that was deleted and projected in one go (a rename back) is projected.
    const projected = new Set(taken.flatMap(({ kind, id }) => (kind === 'flow' ? [id] : [])));
    const list = taken.filter(({ kind, id }) => kind === 'flow' || !projected.has(id));
    shown.markUnwritten(list);
    for (const row of correlator.takeUnattributed())
      list.push({ kind: 'unattributed', id: UNATTRIBUTED + row.key, version: shown.nextVersion(), row });
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

/** A late span may say more or less than the others did: by its id with and without the type it is one flow. */
function lookFor({ id, environment, flowId }: Flow, key: string, { ids, names }: Unheard): void {
  ids.push(id);
  if (flowId === '') return;
  if (isUntyped(key)) names.push(TOKEN + idTokenOf(environment, flowId));
  else ids.push(flowIdOf(flowKeyOf(environment, flowId, ''), 1));
}

import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Correlator } from '../../correlate/index.ts';
import type { Flow, FlowChange } from '../../model/flow.ts';
import { flowIdOf, flowKeyOf, idTokenOf, isUntyped, type FlowKey } from '../../model/keys.ts';
import { TOKEN } from '../../model/names.ts';
import { timelinesOf, type Clocks } from '../../timeline/index.ts';
import type { ClockRevisions } from './clock-revisions.ts';
import type { OpenFlows } from './open-flows.ts';
import type { ShownFlows } from './shown-flows.ts';

/**
 * Converts a change of a flow's spans into changes of stored rows: the newest form of the flow, and
 * tombstones for ids that the flow no longer has.
 */
export interface FlowChanges {
  take(key: FlowKey, into: Taken): void;
}

export interface Taken {
  list: FlowChange[];
  unheard: Unheard;
}

/**
 * Ids and names of flows that seem new but may have rows in the store, because the filter may have
 * dropped their names. `names` are names of flows without a type. The flows are looked up in the
 * store. Those found are rehydrated and projected again.
 */
export interface Unheard {
  ids: string[];
  names: string[];
}

export interface FlowChangesOptions {
  counters: Counters;
  log: Log;
  correlator: Pick<
    Correlator,
    'inputOf' | 'spanCountOf' | 'withWorthlessMarks' | 'hasForgottenNames'
  >;
  clocks: Clocks;
  shown: ShownFlows;
  openFlows: Pick<OpenFlows, 'track' | 'forget'>;
  revisions: Pick<ClockRevisions, 'projected'>;
  /**
   * Idle time, ms, after which a reused flow id begins a new run. If 0, only a declared start
   * begins a new run.
   */
  runQuietMs?: number | undefined;
  /** Returns the flow with its expectations, health and findings at present (`Assessor`). */
  assess: (flow: Flow) => Flow;
  /** Judges all clocks by the observations so far. Returns whether any verdict changed. */
  reviseClocks: () => boolean;
}

export function createFlowChanges(options: FlowChangesOptions): FlowChanges {
  const { counters, log, correlator, clocks, shown, openFlows } = options;
  const runQuietNs = BigInt(options.runQuietMs ?? 0) * 1_000_000n;

  /**
   * Builds and assesses the timelines of one flow id. Each reuse of the id after the flow's end is
   * a run, and the result has one `Flow` for each run.
   */
  const project = (key: FlowKey): Flow[] => {
    const input = correlator.inputOf(key);
    let runs = timelinesOf(input, clocks, runQuietNs);
    // If the spans of this flow changed the verdict about a clock, build the timelines again with
    // the new verdict.
    if (options.reviseClocks()) runs = timelinesOf(input, clocks, runQuietNs);
    return runs.map((run) => options.assess(correlator.withWorthlessMarks(run)));
  };
  /**
   * Projects one flow. After an internal error returns null and leaves the flow's rows unchanged,
   * so that other flows can still be projected.
   */
  const projectOrNull = (key: FlowKey): Flow[] | null => {
    try {
      return project(key);
    } catch (error) {
      counters.add('fermata_drawing_failures_total');
      log.error({ detail: messageOf(error).slice(0, 500), key }, 'a flow could not be projected');
      return null;
    }
  };
  const takeFlow = (key: FlowKey, { list, unheard }: Taken): void => {
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
    options.revisions.projected(key);
  };
  /**
   * Adds tombstones for all rows of a flow without spans. The spans moved to another flow, or
   * belong to no flow.
   */
  const takeGone = (key: FlowKey, { list }: Taken): void => {
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
  return {
    take(key, into) {
      if (correlator.spanCountOf(key) > 0) takeFlow(key, into);
      else takeGone(key, into);
    },
  };
}

/**
 * Adds the ids and names under which the store may already have this flow. A flow with a type may
 * be stored without the type, and vice versa, because only some of its spans report the type.
 */
function lookFor({ id, environment, flowId }: Flow, key: FlowKey, { ids, names }: Unheard): void {
  ids.push(id);
  if (flowId === '') return;
  if (isUntyped(key)) names.push(TOKEN + idTokenOf(environment, flowId));
  else ids.push(flowIdOf(flowKeyOf(environment, flowId, ''), 1));
}

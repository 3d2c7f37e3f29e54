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
 * Turns a change of one flow's spans into changes of its rows: the flow's newest form, and
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
 * Ids and names to look up in the store for flows that seem new, because the filter may have
 * dropped the names of a stored flow. `names` holds the names of flows without a type. Flows that
 * are found are rehydrated and projected again.
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
   * Idle time, ms, after which an id that is used again begins a new run; 0 if only a declared
   * start begins one.
   */
  runQuietMs?: number | undefined;
  /** Returns the flow with what its definition, expectations and rules say at this moment. */
  assess: (flow: Flow) => Flow;
  /** Judges clocks by the latest observations. Returns whether any clock has a new verdict. */
  reviseClocks: () => boolean;
}

export function createFlowChanges(options: FlowChangesOptions): FlowChanges {
  const { counters, log, correlator, clocks, shown, openFlows } = options;
  const runQuietNs = BigInt(options.runQuietMs ?? 0) * 1_000_000n;

  /**
   * Builds and assesses the timelines of one flow id. If the id was used again after the flow
   * ended, each use is a run, and one `Flow` is returned for each run.
   */
  const project = (key: FlowKey): Flow[] => {
    const input = correlator.inputOf(key);
    let runs = timelinesOf(input, clocks, runQuietNs);
    // If this flow's spans cause a new clock verdict, it already applies to this projection.
    if (options.reviseClocks()) runs = timelinesOf(input, clocks, runQuietNs);
    return runs.map((run) => options.assess(correlator.withWorthlessMarks(run)));
  };
  /**
   * Projects one flow; returns null after an internal fault, which must not keep other flows from
   * being projected. The flow's rows then stay as they are.
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
   * Adds tombstones for all rows of a flow that has no spans any more, because they moved to
   * another flow or belong to none.
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
 * Adds to `unheard` the ids and names under which the store may already have this flow. The same id
 * with a type and without a type stands for one flow, because a late span may have a type that the
 * other spans lack, or the other way round.
 */
function lookFor({ id, environment, flowId }: Flow, key: FlowKey, { ids, names }: Unheard): void {
  ids.push(id);
  if (flowId === '') return;
  if (isUntyped(key)) names.push(TOKEN + idTokenOf(environment, flowId));
  else ids.push(flowIdOf(flowKeyOf(environment, flowId, ''), 1));
}

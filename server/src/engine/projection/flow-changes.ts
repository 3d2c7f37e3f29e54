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
 * What a change of one flow's spans changes in the rows: its newest form, and tombstones of names
 * that it no longer has.
 */
export interface FlowChanges {
  take(key: FlowKey, into: Taken): void;
}

export interface Taken {
  list: FlowChange[];
  unheard: Unheard;
}

/**
 * What the store may have of flows that seem to be new, where names were forgotten: flows with
 * these ids, and, of flows whose type nobody said, with these names. To be loaded, and projected
 * again.
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
   * Quiet time, ms, after which an id that is used again makes a new run; 0: only a declared start
   * does.
   */
  runQuietMs?: number | undefined;
  /** Definition, expectations and rules, at this moment. */
  assess: (flow: Flow) => Flow;
  /** Judges clocks by what was seen since. Gives whether anything new is known of one. */
  reviseClocks: () => boolean;
}

export function createFlowChanges(options: FlowChangesOptions): FlowChanges {
  const { counters, log, correlator, clocks, shown, openFlows } = options;
  const runQuietNs = BigInt(options.runQuietMs ?? 0) * 1_000_000n;

  /**
   * Correlate → timeline → expect and detect: one flow, from its spans to what is said of it; a run
   * each.
   */
  const project = (key: FlowKey): Flow[] => {
    const input = correlator.inputOf(key);
    let runs = timelinesOf(input, clocks, runQuietNs);
    // What this flow shows of a clock is true of itself.
    if (options.reviseClocks()) runs = timelinesOf(input, clocks, runQuietNs);
    return runs.map((run) => options.assess(correlator.withWorthlessMarks(run)));
  };
  /**
   * null: a fault of ours, which must not keep others from being projected. Its rows stay as they
   * are.
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
  /** The key is gone: its spans live under another one now. */
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
 * A late span may say more or less than the others did: by its id with and without the type it is
 * one flow.
 */
function lookFor({ id, environment, flowId }: Flow, key: FlowKey, { ids, names }: Unheard): void {
  ids.push(id);
  if (flowId === '') return;
  if (isUntyped(key)) names.push(TOKEN + idTokenOf(environment, flowId));
  else ids.push(flowIdOf(flowKeyOf(environment, flowId, ''), 1));
}

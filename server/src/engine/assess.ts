import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { judge } from '../detect/index.ts';
import type { Expectations } from '../expect/index.ts';
import type { Flow } from '../model/flow.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { DowntimeGrace } from './downtime-grace.ts';

/** Determines what one flow waits for at this moment, its health, and its findings. */
export interface Assessor {
  /**
   * Applies the flow's definition, expectations, grace after downtime and rules, in that order, and
   * returns the assessed flow. It never throws. If assessing fails, the flow is returned unchanged,
   * because a fault must not keep flows from being written.
   */
  assess(flow: Flow): Flow;
  /**
   * Runs `work` and returns its result. Flows that are assessed meanwhile and wait for nothing are
   * excluded from learning, because they may have been learned from before and must not count
   * twice.
   */
  withoutTeaching<T>(work: () => T): T;
}

export interface AssessorOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  expectations: Expectations;
  grace: DowntimeGrace;
  /** Idle time, ms, after which a flow without a declared end counts as ended. */
  settleMs: number;
  /** Returns the operator's rules, which may change while the server runs. */
  queryRules(): readonly QueryRule[];
  /** If false, flows are only projected; nothing is learned, awaited or judged. */
  expects: boolean;
}

export function createAssessor(options: AssessorOptions): Assessor {
  const { clock, counters, log, expectations, grace } = options;
  let teaches = true;
  const assessOrThrow = (flow: Flow): Flow => {
    const defined = expectations.applyDefinition(flow);
    // This is the one rule that keeps history from teaching, being awaited and alerting.
    if (flow.badges.includes('imported')) return defined;
    const known = expectations.evaluate(defined);
    const waitingFor = grace.extend(known.waitingFor);
    const dutiesOf = (): ReturnType<Expectations['compensationDuties']> =>
      expectations.compensationDuties(defined);
    const rules = { settleMs: options.settleMs, queryRules: options.queryRules() };
    const judged = judge(defined, { ...known, waitingFor, dutiesOf }, rules, clock.now());
    const isUndone = judged.findings.some(({ rule }) => rule.startsWith('compensation-'));
    if (isUndone || (!teaches && judged.waitingFor.length === 0))
      expectations.excludeFromLearning(flow.id);
    return judged;
  };
  return {
    assess(flow) {
      if (!options.expects) return flow;
      try {
        return assessOrThrow(flow);
      } catch (error) {
        counters.add('fermata_judging_failures_total');
        log.error(
          { detail: messageOf(error).slice(0, 500), flow: flow.id },
          'a flow could not be judged',
        );
        return flow;
      }
    },
    withoutTeaching(work) {
      teaches = false;
      try {
        return work();
      } finally {
        teaches = true;
      }
    },
  };
}

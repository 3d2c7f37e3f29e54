import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { judge } from '../detect/index.ts';
import type { Expectations } from '../expect/index.ts';
import type { Flow } from '../model/flow.ts';
import type { QueryRule } from '../model/query-rule.ts';
import type { DowntimeGrace } from './downtime-grace.ts';

/** Determines what a flow waits for at present, its health, and its findings. */
export interface Assessor {
  /**
   * Returns the flow after applying its definition, expectations, grace after downtime and rules,
   * in this order. Never throws: after an internal error it returns the flow unchanged, so that the
   * flow is still written.
   */
  assess(flow: Flow): Flow;
  /**
   * Runs `work` and returns its result. Meanwhile, flows that are assessed and wait for nothing are
   * excluded from learning, because the model may have learned from them before and must not count
   * them twice.
   */
  withoutTeaching<T>(work: () => T): T;
}

export interface AssessorOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  expectations: Expectations;
  grace: DowntimeGrace;
  /** Time, ms, for which a flow without a declared end must be idle to count as ended. */
  settleMs: number;
  /** Returns the operator's rules, which may change while the server runs. */
  queryRules(): readonly QueryRule[];
  /** If false, flows are only projected: no expectations are learned and no rules are applied. */
  expects: boolean;
}

export function createAssessor(options: AssessorOptions): Assessor {
  const { clock, counters, log, expectations, grace } = options;
  let teaches = true;
  const assessOrThrow = (flow: Flow): Flow => {
    const defined = expectations.applyDefinition(flow);
    // An imported flow only gets its definition. This one line excludes imported flows from
    // learning, from expectations and from rules.
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

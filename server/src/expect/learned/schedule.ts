import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { createDeadlines } from '../../base/deadlines.ts';
import type { WaitingFor } from '../../model/expectation.ts';
import type { Knowledge } from '../knowledge.ts';
import type { Digest } from './digest.ts';
import type { HeldFlows } from './held-flows.ts';
import type { Learner } from './learner.ts';
import { onProbation } from './deployments.ts';
import { quietAfterMs } from './quiet.ts';
import type { TypeModel } from './model.ts';

/**
 * Schedules when flows are learned from: a flow is learned from once it is quiet and nothing is
 * expected of it.
 */
export interface Schedule {
  /** Schedules the flow anew, in the form of its last evaluation (`digest`). */
  plan(digest: Digest, verdict: Verdict): void;
  /** Cancels the learning of a flow. */
  cancel(flowId: string): void;
  stop(): void;
}

/** The result of an evaluation. */
export interface Verdict {
  model: TypeModel;
  waitingFor: readonly WaitingFor[];
  /**
   * True if the flow was learned from in this very form. If it also waits for nothing, nothing has
   * to be scheduled.
   */
  isAsTaught: boolean;
  endsDeclared: boolean;
  /** True if the flow type has a definition. */
  isDefined: boolean;
  /** True if steps of the flow were done, or may have been done, whose spans were not received. */
  lacksSpans: boolean;
}

export interface ScheduleOptions {
  clock: Clock;
  counters: Counters;
  settleMs: number;
  onReconsider: (flowIds: string[]) => void;
}

export function createSchedule(
  { clock, counters, settleMs, onReconsider }: ScheduleOptions,
  knowledge: Knowledge,
  held: HeldFlows,
  learner: Learner,
): Schedule {
  const { models, structural, variants } = knowledge;
  /**
   * Flows of which nothing was expected at their evaluation. They are learned from once they are
   * quiet.
   */
  const learning = new Map<string, Digest>();

  const addAll = (again: Set<string>, flowIds: readonly string[]): void => {
    for (const id of flowIds) again.add(id);
  };
  const teachQuiet = (digest: Digest, isHeld: boolean, again: Set<string>): void => {
    const id = digest.flowId;
    learning.delete(id);
    held.release(id);
    const owed = knowledge.expected(digest);
    if (isHeld && owed.length === 0) again.add(id);
    addAll(again, learner.learn(digest));
    // What a deployment may have removed is still expected of the flow, until enough is learned.
    if (isHeld && owed.length > 0) held.add(digest, owed);
  };
  const holdQuiet = (digest: Digest, isHeld: boolean, again: Set<string>): void => {
    const id = digest.flowId;
    const owed = knowledge.expected(digest);
    // The flow is evaluated again, because its last evaluation used less knowledge.
    if (!isHeld || held.isJudgedAnew(id, owed)) again.add(id);
    if (!isHeld) {
      learning.delete(id);
      held.add(digest, owed);
    }
    structural.countUntaken(digest);
    for (const other of variants.note(digest, owed, models.of(digest.type))) {
      const alike = held.release(other);
      if (alike === undefined) continue;
      addAll(again, learner.learn(alike));
      again.add(other);
    }
    addAll(again, learner.review(digest.type));
  };
  const deadlines = createDeadlines(clock, (ids) => {
    const again = new Set<string>();
    for (const id of ids) {
      const waiting = held.get(id);
      const digest = waiting ?? learning.get(id);
      if (digest === undefined) continue;
      const settle = knowledge.mayTeach(digest) ? teachQuiet : holdQuiet;
      settle(digest, waiting !== undefined, again);
    }
    if (again.size > 0) onReconsider([...again]);
  });

  counters.gauge('fermata_flows_learning', () => learning.size);
  return {
    plan(digest, verdict) {
      const { model, waitingFor, isAsTaught, endsDeclared, isDefined } = verdict;
      const id = digest.flowId;
      learning.delete(id);
      const hasEnded = digest.declaredComplete || digest.aborted;
      // A declared expectation holds until it is met, whatever is learned from other flows.
      const owesDeclared =
        waitingFor.some((one) => one.basis === 'declared') &&
        !hasEnded &&
        !onProbation(digest, model);
      const isSettled = isAsTaught && waitingFor.length === 0;
      const isSkipped = digest.sampled || (verdict.lacksSpans && waitingFor.length === 0);
      if (isSettled) held.release(id);
      if (isSkipped || owesDeclared || isSettled) return deadlines.clear(id);
      // `waitingFor` lacks what the definition suppresses. If the flow were held with `waitingFor`,
      // or not held, the comparison with what is learned would differ each time, and the flow would
      // be judged again without end (`ended-flows.test.ts` counts).
      const owed = isDefined && !digest.aborted ? knowledge.expected(digest) : waitingFor;
      if (owed.length > 0 && !digest.aborted) held.add(digest, owed);
      else if (!endsDeclared) learning.set(id, digest);
      deadlines.set(
        id,
        digest.lastReceivedMs + quietAfterMs(digest, models.get(digest.type), settleMs),
      );
    },
    cancel(flowId) {
      learning.delete(flowId);
      deadlines.clear(flowId);
    },
    stop: () => deadlines.stop(),
  };
}

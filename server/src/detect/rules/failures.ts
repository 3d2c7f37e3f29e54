import { smallestOf } from '../../base/lists.ts';
import { msOf } from '../../model/time.ts';
import type { Rule, FindingDraft } from '../rule.ts';
import type { Flow, Hop, Step } from '../../model/flow.ts';
import { tellsFailure } from '../../model/failure-messages.ts';
import { hasDeadName } from '../../model/destinations.ts';
import { mendedSteps } from '../../model/mended.ts';
import { dependencyOf } from '../dependency.ts';

const about = (step: Step, summary: string, since = step.end ?? step.start): FindingDraft => ({
  about: step.id,
  stepId: step.id,
  step: step.name,
  service: step.service,
  place: null,
  since: msOf(since),
  summary,
  evidence: step.spanIds.slice(0, 10),
});

/**
 * Symptom: a step failed, no later try of the step succeeded, and nothing undid it. Who cares:
 * the team of the step's service. False alarms: errors that are part of the business (a declined
 * card) and are recorded as span errors. A step that failed because of a failed step that it called
 * gets no finding of its own, because one failure is one finding.
 *
 * `graceMs` is the time to wait after a failure, because the caller's span, or a successful retry,
 * is often received a moment later.
 */
export const failedStep = (graceMs: number): Rule => ({
  name: 'failed-step',
  severity: 'warning',
  inspect(flow, _waiting, nowMs) {
    const failed = failedSteps(flow);
    if (failed.length === 0) return [];
    const ids = new Set(failed.map((step) => step.id));
    const callers = new Set(
      flow.hops.flatMap((hop) =>
        hop.sync && hop.to !== null && ids.has(hop.to) ? [hop.from] : [],
      ),
    );
    return failed
      .filter((step) => !callers.has(step.id) && nowMs >= heardMs(step) + graceMs)
      .map((step) => ({
        ...about(
          step,
          `${step.name} (${step.service}) failed${step.attempts.length > 1 ? ` ${step.attempts.length} times` : ''}: ${step.error?.message || step.error?.type || 'no message'}`,
        ),
        dependency: lackedBy(flow, step),
      }));
  },
});
/**
 * Returns the dependency that was unavailable to a step, from the step's newest failure; undefined
 * if no name is known.
 */
const lackedBy = (flow: Flow, step: Step | undefined): string | undefined => {
  const error =
    step?.error ?? step?.attempts.findLast((attempt) => attempt.error !== null)?.error ?? null;
  return step === undefined || error === null
    ? undefined
    : (dependencyOf(flow, step, error) ?? undefined);
};
const heardMs = (step: Step): number => step.failureReceivedMs ?? step.receivedMs;
const failedSteps = (flow: Flow): Step[] => {
  const failed = flow.steps.filter(
    (step) => step.status === 'failed' && step.kind !== 'compensation',
  );
  if (failed.length === 0) return failed;
  const mended = mendedSteps(flow.steps, flow.hops);
  return failed.filter((step) => !mended.has(step.id));
};
/**
 * Returns when the next waiting time (`graceMs`) of a failed step ends, epoch ms; null if no such
 * time is running.
 */
export function failureToldAt(flow: Flow, graceMs: number, nowMs: number): number | null {
  const still = failedSteps(flow)
    .map((step) => heardMs(step) + graceMs)
    .filter((at) => at > nowMs);
  return still.length === 0 ? null : smallestOf(still);
}

/**
 * Symptom: a message ended in a dead-letter destination. Who cares: the operator who has to replay
 * the message. False alarms: dead-letter queues that are used as ordinary ones.
 */
export const deadLetter: Rule = {
  name: 'dead-letter',
  severity: 'critical',
  inspect: (flow) =>
    flow.hops
      .filter((hop) => hop.state === 'dead-lettered')
      .map((hop) => ({
        about: hop.id,
        stepId: hop.to,
        step: hop.message.type || null,
        service: null,
        place: hop.message.destination,
        dependency: lackedBy(
          flow,
          flow.steps.find((step) => step.id === (hop.to ?? hop.from)),
        ),
        since: msOf(hop.received ?? hop.sent),
        summary: `${nameOf(hop)} was dead-lettered ${hasDeadName(hop.message.destination) ? 'to' : 'from'} ${hop.message.destination}`,
        evidence: [hop.id],
      })),
};

/** Returns the type of the message, unless the type only repeats where the message came from. */
const nameOf = ({ message }: Hop): string =>
  message.type === '' || message.type === message.destination ? 'a message' : message.type;

const STORM = 4;
/**
 * Symptom: one message was attempted more than three times. Who cares: the team that pays for the
 * load. False alarms: polling that is written as redelivery.
 */
export const retryStorm: Rule = {
  name: 'retry-storm',
  severity: 'warning',
  inspect: (flow) =>
    flow.steps
      .filter((step) => step.attempts.length >= STORM)
      .map((step) => ({
        ...about(
          step,
          `${step.name} (${step.service}) was attempted ${step.attempts.length} times`,
          step.attempts[STORM - 1]!.start,
        ),
        dependency: lackedBy(flow, step),
      })),
};

/**
 * Symptom: a message was processed again after it had been processed successfully. Who cares: every
 * team with a handler that is not idempotent. False alarms: handlers that are meant to run once per
 * subscriber but share a group.
 */
export const duplicateProcessing: Rule = {
  name: 'duplicate-processing',
  severity: 'warning',
  inspect: (flow) =>
    flow.steps
      .filter((step) => step.badges.includes('duplicate-processing'))
      .map((step) => about(step, `${step.name} (${step.service}) processed one message twice`)),
};

/**
 * Symptom: a message that reports a failure is consumed by no service. Who cares: the team that
 * should undo the steps before the failure. False alarms: failure events that are for people to
 * read.
 *
 * `quietAtMs` is the instant, epoch ms, until which a consumer may still be received.
 */
export const unhandledFailure = (quietAtMs: number): Rule => ({
  name: 'unhandled-failure',
  severity: 'critical',
  lasting: true,
  inspect(flow, _waiting, nowMs) {
    const unheard = nowMs < quietAtMs ? [] : unheardFailures(flow);
    if (unheard.length === 0) return [];
    const steps = new Map<string | null, Step>(flow.steps.map((step) => [step.id, step]));
    return unheard.map((hop) => ({
      about: hop.id,
      stepId: hop.from,
      step: hop.message.type || hop.message.destination,
      service: steps.get(hop.from)?.service ?? null,
      place: hop.message.destination,
      since: quietAtMs,
      summary: `${hop.message.type || hop.message.destination} was published and nobody consumed it`,
      evidence: [hop.id],
    }));
  },
});
export const unheardFailures = (flow: Flow): Hop[] =>
  flow.hops.filter(
    (hop) =>
      hop.state === 'waiting' &&
      (tellsFailure(hop.message.type) || tellsFailure(hop.message.destination)),
  );

/**
 * Symptom: two services disagree on how the flow ended. Who cares: the teams of both services.
 * False alarms: none known.
 */
export const contradictoryOutcome: Rule = {
  name: 'contradictory-outcome',
  severity: 'warning',
  inspect: (flow) =>
    flow.badges.includes('contradictory-outcome')
      ? [
          {
            // The finding is keyed by a step, because the flow's name may change.
            about: flow.steps[0]!.id,
            stepId: null,
            step: null,
            service: null,
            place: null,
            since: msOf(flow.ended ?? flow.lastProgress),
            summary: `the flow was declared ended in different ways; the earliest counts: ${flow.outcome}`,
            evidence: [],
          },
        ]
      : [],
};

/**
 * Symptom: trace context did not travel with a message, or leaked from another flow. Who cares: the
 * team that instruments the services. False alarms: none that matter, because the step does belong
 * to the flow; only the evidence for that is weak.
 */
export const brokenContext: Rule = {
  name: 'broken-context',
  severity: 'info',
  inspect: (flow) =>
    flow.steps
      .filter((step) => step.badges.includes('broken-context'))
      .map((step) =>
        about(step, `${step.name} (${step.service}) was joined without trace context`, step.start),
      ),
};

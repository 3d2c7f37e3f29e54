import { msOf } from '../../model/time.ts';
import type { Novelty } from '../../model/novelty.ts';
import type { Rule } from '../rule.ts';

/**
 * Symptom: a service consumes a message that it never consumed before. Who cares: the team that
 * publishes the message, because one more service depends on it now. False alarms: consumers that
 * react to one message in thousands.
 */
export const consumerNew = ({ consumers }: Novelty): Rule => ({
  name: 'consumer-new',
  severity: 'info',
  inspect: (flow) =>
    flow.steps
      .filter((step) => consumers.has(step.id))
      .map((step) => ({
        about: step.typeKey,
        stepId: step.id,
        step: step.name,
        service: step.service,
        place: flow.hops.find((hop) => hop.to === step.id)?.message.destination ?? null,
        since: msOf(step.start),
        summary: `${step.service} takes part with ${step.name}, which it never did before`,
        evidence: step.spanIds.slice(0, 10),
      })),
});

/**
 * Symptom: a flow took a path that no flow of its type took before. Who cares: the team that
 * changed the process, on purpose or by accident. False alarms: a rare but legal path, when it is
 * taken for the first time.
 */
export const newVariant = ({ variant }: Novelty): Rule => ({
  name: 'new-variant',
  severity: 'info',
  inspect: (flow) =>
    variant
      ? [
          {
            about: 'variant',
            stepId: null,
            step: null,
            service: null,
            place: null,
            since: msOf(flow.lastProgress),
            summary: `these steps never came together before: ${[...new Set(flow.steps.map((step) => step.name))].slice(0, 20).join(', ')}`,
            evidence: [],
          },
        ]
      : [],
});

import { z } from 'zod';
import type { Flow, Hop, Incident, IncidentList, Step } from '../../contract/index.ts';
import { evidenceText, nanosToMs, promiseOf, textOf, why } from '../../words/index.ts';
import type { Client } from '../client.ts';
import { question } from '../question.ts';
import { flowText } from '../text/flow.ts';
import { alertingOf } from './told.ts';
import { durationOf, flowNamed, isoOf, linkOf, statusOf } from './flow.ts';

/**
 * Maximum number of steps in an answer. Of a larger flow, `told` chooses the most informative
 * steps.
 */
const MAX_STEPS = 80;
const MAX_SEGMENTS = 8;
/** Open incidents among which those of the flow are looked for. */
const MAX_INCIDENTS = 200;

export const explain = question({
  name: 'explain',
  help: 'Explains one flow: why it is stuck or failed, what it waits for, each step with what caused it and the evidence of that, and where its time went.',
  position: 'flow',
  input: z.object({
    flow: z
      .string()
      .min(1)
      .max(300)
      .describe('Any name of the flow: a business key, a flow id, a trace, span or message id'),
  }),
  async ask(client, { flow: name }, nowMs) {
    const flow = await flowNamed(client, name);
    const isTrouble = flow.findings.some(({ severity }) => severity !== 'info');
    const [alerting, incidents] = isTrouble
      ? await Promise.all([alertingOf(client), incidentsOf(client, flow)])
      : [null, []];
    const causes = incidents.map(({ title, cause, id }) => `${title}: ${cause} (incident ${id})`);
    const notes = [...causes, ...(alerting?.note == null ? [] : [alerting.note])];
    return {
      data: { ...explained(flow, client, nowMs), ...(alerting && { incidents, alerting }) },
      link: linkOf(client.url, flow.id),
      text: (columns) => flowText(flow, nowMs, columns, notes),
    };
  },
});

/** Returns the open incidents that the flow is in, as far as a cause of them is suspected. */
async function incidentsOf(
  client: Client,
  { findings }: Flow,
): Promise<Pick<Incident, 'id' | 'title' | 'cause'>[]> {
  const keys = new Set(findings.map(({ incident }) => incident));
  const open = { status: 'open', limit: MAX_INCIDENTS };
  const { items } = await client.get<IncidentList>('/api/v1/incidents', open);
  return items
    .filter((incident) => incident.cause !== null && incident.keys.some((key) => keys.has(key)))
    .map(({ id, title, cause }) => ({ id, title, cause }));
}

function explained(flow: Flow, client: Client, nowMs: number): object {
  const steps = told(flow.steps);
  const known = new Set(steps.map(({ id }) => id));
  return {
    ...{ id: flow.id, key: flow.key, keys: flow.keys, type: flow.type },
    ...{ environment: flow.environment, status: statusOf(flow), outcome: flow.outcome },
    startedAt: isoOf(flow.startedAtUnixNano),
    endedAt: flow.endedAtUnixNano === null ? null : isoOf(flow.endedAtUnixNano),
    ...{ durationMs: durationOf(flow, nowMs), asOf: flow.asOf, services: flow.services },
    why: textOf(why(flow, nowMs)).trim(),
    waitsFor: flow.waitingFor.map((waiting) => ({
      ...{ step: waiting.step, service: waiting.service, message: waiting.message },
      ...{ oneOf: waiting.oneOf, since: waiting.since, lateAt: waiting.lateAt },
      ...{ stuckAt: waiting.stuckAt, basis: waiting.basis, because: promiseOf(waiting) },
    })),
    findings: flow.findings.map(({ rule, severity, summary, evidence, since, incident }) => ({
      ...{ rule, severity, summary, evidence, since, incidentKey: incident },
    })),
    steps: steps.map((step) => stepOf(step, flow)),
    stepsLeftOut: flow.stepCount - steps.length,
    waitingMessages: flow.hops
      .filter(
        ({ state, to, from }) => state !== 'delivered' && to === null && known.has(from ?? ''),
      )
      .map((hop) => ({ ...messageOf(hop), state: hop.state, sentAt: isoOf(hop.sentUnixNano) })),
    timeSpent: flow.timeSpent,
    longest: longestOf(flow),
    relations: flow.relations.map(({ kind, flowId, target, shared }) => ({
      ...{
        kind,
        flowId,
        target,
        shared,
        link: flowId === null ? null : linkOf(client.url, flowId),
      },
    })),
    relationsUnread: flow.relationsUnread,
    ...{ badges: flow.badges, incomplete: flow.incomplete, truncated: flow.truncated },
  };
}

/**
 * Returns the steps to include in the answer, in order. If a flow has more than `MAX_STEPS`, these
 * are steps that failed, still run, were retried or compensated, and the first and last ones.
 */
export function told(steps: readonly Step[]): Step[] {
  if (steps.length <= MAX_STEPS) return [...steps];
  const isNotable = (step: Step): boolean => step.status !== 'ok' || step.compensatedBy.length > 0;
  const chosen = new Set(steps.filter(isNotable).slice(0, MAX_STEPS / 2));
  for (let i = 0; chosen.size < MAX_STEPS; i++) {
    chosen.add(steps[i]!);
    chosen.add(steps[steps.length - 1 - i]!);
  }
  return steps.filter((step) => chosen.has(step));
}

function stepOf(step: Step, flow: Flow): object {
  const into = flow.hops.filter((hop) => hop.to === step.id);
  return {
    ...{ id: step.id, step: step.name, service: step.service, kind: step.kind },
    ...{ status: step.status, result: step.result, startedAt: isoOf(step.startUnixNano) },
    durationMs:
      step.endUnixNano === null
        ? null
        : nanosToMs(step.endUnixNano) - nanosToMs(step.startUnixNano),
    causedBy: into.map((hop) => ({
      ...{ step: flow.steps.find(({ id }) => id === hop.from)?.name ?? null, ...messageOf(hop) },
      ...{ waitedMs: hop.waitMs, evidence: hop.evidence.map(evidenceText) },
    })),
    ...(step.joinedBy && { joinedBy: step.joinedBy }),
    ...(step.attempts.length > 1 && { attempts: step.attempts.length }),
    ...(step.error && { error: step.error }),
    ...(step.compensates !== null && { compensates: step.compensates }),
    ...(step.compensatedBy.length > 0 && { compensatedBy: step.compensatedBy }),
    ...{ traceId: step.traceId, spanIds: step.spanIds.slice(0, 3) },
  };
}

const messageOf = ({ message, sync }: Hop): object => ({
  message: message.type || message.destination,
  ...{ kind: sync ? 'call' : message.kind, system: message.system },
  ...{ destination: message.destination, messageId: message.id },
});

function longestOf({ criticalPath, steps, hops }: Flow): object[] {
  const nameOf = (stepId: string | null, hopId: string | null): string => {
    const step = steps.find(({ id }) => id === stepId);
    const hop = hops.find(({ id }) => id === hopId);
    return step ? `${step.service}: ${step.name}` : (hop?.message.type ?? '');
  };
  return criticalPath
    .map(({ kind, stepId, hopId, startUnixNano, endUnixNano }) => ({
      ...{ kind, at: nameOf(stepId, hopId) },
      ms: nanosToMs(endUnixNano) - nanosToMs(startUnixNano),
    }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, MAX_SEGMENTS);
}

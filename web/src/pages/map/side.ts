import type { CoordinationAnswer, FlowSummary, MapEdge, MapNode } from '@fermata/server/contract';
import { fieldPart, withPart } from '../../data/query-part.ts';
import { changeOfCount, changeOfMs } from '../../ui/change.ts';
import { absolute, duration, isolate } from '../../ui/format.ts';
import { type MapMessage, type MapStep } from './graph.ts';
import { messageName } from '@fermata/server/words';

/** A line of the panel with details of a step or message. */
export interface Fact {
  term: string;
  text: string;
}

/** Returns the details of a step. */
export function stepFacts(
  { node, before, share }: MapStep,
  incoming: readonly MapMessage[],
  since: string | null,
  nowMs: number,
): Fact[] {
  const waits = incoming.length === 1 ? incoming[0]!.edge.waitMs : null;
  return [
    { term: 'Flows', text: `${count(node.flows)} (${Math.round(share * 100)} %)` },
    ...(before ? [changed('Flows before', before.flows, node.flows)] : []),
    ...(waits && waits.count > 0
      ? [{ term: 'Waits, p50 · p95', text: twoOf(waits.p50, waits.p95) }]
      : []),
    ...(node.workMs.count > 0
      ? [{ term: 'Works, p50 · p95', text: twoOf(node.workMs.p50, node.workMs.p95) }]
      : []),
    ...(before && node.workMs.count > 0
      ? [
          {
            term: 'Works before, p50',
            text: `${duration(before.workMs.p50)} (${changeOfMs(node.workMs.p50, before.workMs.p50)})`,
          },
        ]
      : []),
    ...(node.flows > 0
      ? [{ term: 'Runs per flow', text: (node.count / node.flows).toFixed(2) }]
      : []),
    ...some('Runs with a retry', node.retried),
    ...some('Compensated', node.compensated),
    ...some('Running now', node.running),
    ...(since === null
      ? []
      : [{ term: 'Listens since', text: absolute(Date.parse(since), nowMs, 's') }]),
  ];
}

/** Returns the details of a message or call. */
export function messageFacts({ edge, before }: MapMessage): Fact[] {
  const { message, waitMs } = edge;
  return [
    { term: 'Kind', text: message === null ? 'call' : message.kind },
    ...(message?.destination ? [{ term: 'Destination', text: message.destination }] : []),
    ...(message?.system ? [{ term: 'System', text: message.system }] : []),
    { term: 'Flows', text: count(edge.flows) },
    ...(before ? [changed('Flows before', before.flows, edge.flows)] : []),
    { term: message === null ? 'Calls' : 'Messages', text: count(edge.count) },
    ...(waitMs.count > 0
      ? [
          { term: 'Waits, p50 · p95', text: twoOf(waitMs.p50, waitMs.p95) },
          { term: 'Longest wait', text: duration(waitMs.max) },
        ]
      : []),
    ...(before && waitMs.count > 0
      ? [
          {
            term: 'Waits before, p50',
            text: `${duration(before.waitMs.p50)} (${changeOfMs(waitMs.p50, before.waitMs.p50)})`,
          },
        ]
      : []),
    ...some('Not taken yet', edge.waiting),
    ...some('Dead-lettered', edge.deadLettered),
    ...some('Failed', edge.failed),
  ];
}

/** Returns since when the step's service has been receiving these messages; null if not known. */
export function listensSince(
  answer: CoordinationAnswer | null,
  service: string,
  incoming: readonly MapMessage[],
): string | null {
  const names = new Set(incoming.map(({ edge }) => edge.message?.type));
  const since = (answer?.types ?? [])
    .flatMap(({ listeners }) => listeners)
    .filter((one) => one.service === service && names.has(one.message))
    .map((one) => one.since)
    .sort();
  return since[0] ?? null;
}

/** Returns a query for the flows that wait for the step and are late or stuck. */
export const heldQuery = (q: string, { step }: MapNode, health: 'late' | 'stuck'): string =>
  withPart(q, `health:${health} ${fieldPart('missing', step)}`);

/**
 * Returns since when the longest-waiting of these flows has waited for the step, epoch ms; null if
 * none does.
 */
export function heldSince(flows: readonly FlowSummary[], step: string): number | null {
  const since = flows
    .flatMap(({ waitingFor }) => waitingFor)
    .filter((one) => one.step === step)
    .map((one) => Date.parse(one.since));
  return since.length === 0 ? null : Math.min(...since);
}

/**
 * Returns the two points for measuring the time from the start of a flow to a step, as a URL
 * parameter; null if flows start with the step.
 */
export function wayTo(
  id: string,
  steps: readonly MapStep[],
  messages: readonly MapMessage[],
): string | null {
  const reached = new Set([id]);
  for (const from of reached)
    for (const { edge } of messages) if (edge.to === from) reached.add(edge.from);
  const target = steps.find(({ node }) => node.id === id);
  const first = steps
    .filter(({ node, isStart }) => isStart && node.id !== id && reached.has(node.id))
    .sort((a, b) => b.node.flows - a.node.flows)[0];
  if (!target || !first || [target, first].some(({ node }) => node.step.includes('..')))
    return null;
  return `${first.node.step}..${target.node.step}`;
}

/**
 * Returns the two points for measuring the time from a message's sending step to its receiving
 * step, as a URL parameter.
 */
export function wayOfMessage(edge: MapEdge, steps: readonly MapStep[]): string | null {
  const [from, to] = [edge.from, edge.to].map(
    (id) => steps.find(({ node }) => node.id === id)?.node.step ?? '',
  );
  return !from || !to || `${from}${to}`.includes('..') ? null : `${from}..${to}`;
}

/** Returns the name of a message together with the step at its other end. */
export const otherEnd = (edge: MapEdge, step: MapStep | undefined): string =>
  `${isolate(messageName(edge)) || 'call'} · ${isolate(step?.node.step ?? '')}`;

const count = (value: number): string => value.toLocaleString('en');
const twoOf = (a: number, b: number): string => `${duration(a)} · ${duration(b)}`;
const some = (term: string, value: number): Fact[] =>
  value > 0 ? [{ term, text: count(value) }] : [];
const changed = (term: string, before: number, now: number): Fact => ({
  term,
  text: `${count(before)} (${changeOfCount(now, before)})`,
});

import type { Flow, Hop, Step, WaitingFor } from '@fermata/server/contract';
import { awaitedId, msSince } from '../../timeline/times.ts';

/**
 * Lays out a flow as a sequence diagram. Services are columns; messages and failures are rows in
 * order of time.
 */
export interface Sequence {
  services: string[];
  rows: SequenceRow[];
  /** Number of messages, services and failures that are left out, because there are too many. */
  omitted: number;
}

export type SequenceRow =
  | {
      kind: 'message';
      id: string;
      /**
       * Index of the sender's column. `to` is the receiver's column, the same if a service sends to
       * itself.
       */
      from: number;
      to: number;
      text: string;
      /** Name of the step that received the message or is awaited; empty if not known. */
      step: string;
      /**
       * True for an event or a reply, which is drawn as a dashed line; false for a command, query
       * or call.
       */
      dashed: boolean;
      state: 'delivered' | 'waiting' | 'overdue' | 'dead-lettered';
      /** Wait of the message, ms; null if it was not received. */
      waitMs: number | null;
      atMs: number;
      stepId: string | null;
    }
  | { kind: 'failure'; id: string; at: number; text: string; atMs: number; stepId: string }
  /** A pause of `ms` ms in which nothing happened. */
  | { kind: 'pause'; id: string; ms: number };

export const MAX_MESSAGES = 200;
const MAX_SERVICES = 40;
/** Minimum length of a pause that is shown: this share of the flow's duration, and this many ms. */
const PAUSE_SHARE = 0.15;
const PAUSE_MS = 1000;

type Event = Exclude<SequenceRow, { kind: 'pause' }>;

export function sequenceOf(flow: Flow, nowMs: number): Sequence {
  const steps = new Map(flow.steps.map((step) => [step.id, step]));
  const since = msSince(flow.startedAtUnixNano);
  const services: string[] = [];
  const columnOf = (service: string): number => {
    const known = services.indexOf(service);
    if (known >= 0) return known;
    return services.length < MAX_SERVICES ? services.push(service) - 1 : -1;
  };
  for (const { service } of flow.steps.slice(0, MAX_MESSAGES)) columnOf(service);
  const sent = [...flow.hops].sort((a, b) => since(a.sentUnixNano) - since(b.sentUnixNano));
  const messages = sent
    .slice(0, MAX_MESSAGES)
    .flatMap((hop) => messageOf(hop, { flow, steps, since, columnOf, nowMs }));
  const lastMs = messages[messages.length - 1]?.atMs ?? Infinity;
  const isCut = sent.length > MAX_MESSAGES;
  const failures = flow.steps.flatMap((step) => failuresOf(step, since, columnOf));
  const events = [...messages, ...failures.filter(({ atMs }) => !isCut || atMs <= lastMs)];
  events.sort((a, b) => a.atMs - b.atMs);
  return {
    services,
    rows: withPauses(events, flow.durationMs),
    omitted: sent.length + failures.length - events.length,
  };
}

interface Context {
  flow: Flow;
  steps: ReadonlyMap<string, Step>;
  since: (nanos: string) => number;
  columnOf: (service: string) => number;
  nowMs: number;
}

function messageOf(hop: Hop, { flow, steps, since, columnOf, nowMs }: Context): Event[] {
  const from = hop.from === null ? undefined : steps.get(hop.from);
  const to = hop.to === null ? undefined : steps.get(hop.to);
  const awaited = flow.waitingFor.find(({ hopId }) => hopId === hop.id);
  const receiver = to?.service ?? awaited?.service ?? null;
  // If a message was not received, only its sender is known; if it came from outside, only its
  // receiver.
  const fromColumn = columnOf(from?.service ?? receiver ?? '');
  const toColumn = receiver === null ? fromColumn : columnOf(receiver);
  if ((from ?? to) === undefined || fromColumn < 0 || toColumn < 0) return [];
  return [
    {
      kind: 'message',
      id: hop.id,
      from: fromColumn,
      to: toColumn,
      text: hop.message.type || hop.message.destination || (hop.sync ? 'call' : 'message'),
      step: to?.name ?? awaited?.step ?? '',
      dashed: !hop.sync && (hop.message.kind === 'event' || hop.message.kind === 'reply'),
      state: stateOf(hop, awaited, nowMs),
      waitMs: hop.waitMs,
      atMs: since(hop.sentUnixNano),
      stepId: to?.id ?? (awaited ? awaitedId(awaited) : hop.from),
    },
  ];
}

const stateOf = (
  hop: Hop,
  awaited: WaitingFor | undefined,
  nowMs: number,
): 'delivered' | 'waiting' | 'overdue' | 'dead-lettered' =>
  hop.state === 'waiting' && awaited && Date.parse(awaited.lateAt) <= nowMs ? 'overdue' : hop.state;

/**
 * Returns a row for each failed attempt of a step, or one row if the step failed and has no
 * attempts.
 */
function failuresOf(
  step: Step,
  since: (nanos: string) => number,
  columnOf: (service: string) => number,
): Event[] {
  const at = columnOf(step.service);
  const tries = step.attempts.filter(({ status }) => status === 'failed');
  const isFailed = step.status === 'failed';
  if (at < 0 || (!isFailed && tries.length === 0)) return [];
  const failures = tries.length > 0 ? tries : [{ ...step, number: 1 }];
  return failures.map(({ number, error, startUnixNano, endUnixNano }) => {
    const why = error?.message || error?.type || step.error?.message || step.error?.type;
    const name = step.attempts.length > 1 ? `${step.name} ×${number}` : step.name;
    return {
      kind: 'failure',
      id: `failed ${number} ${step.id}`,
      at,
      text: why ? `${name} failed: ${why}` : `${name} failed`,
      atMs: since(endUnixNano ?? startUnixNano),
      stepId: step.id,
    };
  });
}

function withPauses(events: readonly Event[], durationMs: number): SequenceRow[] {
  const least = Math.max(PAUSE_MS, durationMs * PAUSE_SHARE);
  return events.flatMap((event, i): SequenceRow[] => {
    const before = events[i - 1];
    const ms = before === undefined ? 0 : event.atMs - before.atMs;
    return ms >= least ? [{ kind: 'pause', id: `before ${event.id}`, ms }, event] : [event];
  });
}

import type { Flow, Step } from '../model/flow.ts';

/**
 * How services work together. In an orchestration one service conducts: it tells others what to do.
 * In a choreography services react to what happened elsewhere. Many systems do both.
 */
export type Style = 'orchestrated' | 'choreographed' | 'hybrid' | 'one service' | 'calls only';
export type HopKind = 'event' | 'command' | 'reply' | 'call';

/** Messages or calls of one kind from one service to another. */
export interface HopsBetween {
  kind: HopKind;
  sender: string;
  receiver: string;
  count: number;
}

/** Minimum share of all commands and calls that a service sends to count as the conductor. */
const CONDUCTS = 0.6;
/**
 * Bounds for the share of events among events, commands and calls; replies only answer, so they do
 * not count. At `CHOREOGRAPHED` or more, flows without a conductor are choreographed. At
 * `ORCHESTRATED` or less, flows with a conductor are orchestrated.
 */
const CHOREOGRAPHED = 0.6;
const ORCHESTRATED = 0.25;

/** Returns what kind of hop this is; null for a timer, which one service sets for itself. */
export function hopKindOf(messageKind: string | undefined, sync: boolean): HopKind | null {
  if (sync) return 'call';
  switch (messageKind) {
    case undefined:
    case 'timer':
      return null;
    case 'command':
    case 'query':
      return 'command';
    case 'reply':
      return 'reply';
    default:
      return 'event';
  }
}

export const share = (part: number, of: number): number => (of === 0 ? 0 : part / of);
const countOf = (hops: readonly HopsBetween[]): number =>
  hops.reduce((sum, { count }) => sum + count, 0);

export function sharesOf(hops: readonly HopsBetween[]): Record<HopKind, number> {
  const shares = { event: 0, command: 0, reply: 0, call: 0 };
  const total = countOf(hops);
  for (const { kind, count } of hops) shares[kind] += share(count, total);
  return shares;
}

/**
 * Returns which services each service has to know. The sender of a command or call has to know the
 * receiver; the sender of an event does not.
 */
export function knowsOf(hops: readonly HopsBetween[]): { service: string; knows: string[] }[] {
  const known = new Map<string, Set<string>>();
  for (const { kind, sender, receiver } of hops)
    if (kind === 'command' || kind === 'call') {
      const set = known.get(sender) ?? new Set();
      known.set(sender, set.add(receiver));
    }
  return [...known]
    .map(([service, set]) => ({ service, knows: [...set].sort() }))
    .sort((a, b) => b.knows.length - a.knows.length || (a.service < b.service ? -1 : 1));
}

/**
 * Returns the service that sends most commands and calls, if it sends them to at least two others;
 * null otherwise. A chain of calls has no conductor, because each service calls only the next one.
 */
export function conductorOf(hops: readonly HopsBetween[]): string | null {
  const sent = new Map<string, number>();
  const receivers = new Map<string, Set<string>>();
  for (const { kind, sender, receiver, count } of hops) {
    if (kind !== 'command' && kind !== 'call') continue;
    sent.set(sender, (sent.get(sender) ?? 0) + count);
    receivers.set(sender, (receivers.get(sender) ?? new Set()).add(receiver));
  }
  const total = [...sent.values()].reduce((sum, count) => sum + count, 0);
  const [first] = [...sent].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  if (first === undefined || first[1] < CONDUCTS * total) return null;
  return receivers.get(first[0])!.size >= 2 ? first[0] : null;
}

export function styleFrom(hops: readonly HopsBetween[]): Style {
  if (countOf(hops) === 0) return 'one service';
  const { event, command, call } = sharesOf(hops);
  const events = share(event, event + command + call);
  if (conductorOf(hops) !== null) return events <= ORCHESTRATED ? 'orchestrated' : 'hybrid';
  if (events >= CHOREOGRAPHED) return 'choreographed';
  return call > 0.999 ? 'calls only' : 'hybrid';
}

/** Returns the style of one flow. */
export const styleOf = (flow: Flow, steps: ReadonlyMap<string, Step>): Style =>
  styleFrom(
    flow.hops.flatMap(({ from, to, message, sync }) => {
      const sender = steps.get(from ?? '')?.service;
      const receiver = steps.get(to ?? '')?.service;
      const kind = hopKindOf(message.kind, sync);
      if (sender === undefined || receiver === undefined || sender === receiver || kind === null)
        return [];
      return [{ kind, sender, receiver, count: 1 }];
    }),
  );

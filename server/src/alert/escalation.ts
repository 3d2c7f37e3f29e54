import type { Incident, Notification } from '../model/incident.ts';
import { channelsOf, type Route } from './policy.ts';
import type { StageDecision } from './stages.ts';

/**
 * Returns the notification that a route sends to another channel if nobody acknowledges the
 * incident; null if the route does not escalate. The time to acknowledge starts when people were
 * notified, and not when the incident opened. So people get this time in full after a silence or a
 * mute window.
 */
export function escalationOf(
  incident: Incident,
  route: Route,
): (Pick<Notification, 'id' | 'channel' | 'reason'> & { waitMs: number }) | null {
  if (route.escalate === null || channelsOf(route, incident).length === 0) return null;
  const { to: channel, afterMs } = route.escalate;
  return {
    ...{ id: `${incident.id}:escalated:${channel}`, channel, waitMs: route.groupWaitMs + afterMs },
    reason: `nobody acknowledged within ${afterMs} ms`,
  };
}

/**
 * Returns the reason why the escalation is not due yet or never will be; null if it is due.
 * `toldBy` returns the notification through which a channel was informed that the incident opened.
 */
export function escalationHeld(
  route: Route,
  incident: Incident,
  toldBy: (channel: string) => Notification | undefined,
  nowMs: number,
): StageDecision | null {
  const { escalate } = route;
  if (escalate === null) return { reason: 'the route does not escalate any more', until: null };
  const told = channelsOf(route, incident).flatMap((channel) => toldBy(channel) ?? []);
  if (told.length > 0 && told.every(({ state }) => state === 'dropped'))
    return { reason: 'nobody was told, so nobody failed to acknowledge', until: null };
  const dueAt = told.map((one) => startOf(one) + escalate.afterMs);
  const until = Math.min(...dueAt);
  return Number.isFinite(until) && until > nowMs
    ? { reason: 'people still have time to acknowledge', until }
    : null;
}

/** Returns the time when the period for acknowledgement begins, epoch ms. */
const startOf = ({ state, nextAt, failedAt, version }: Notification): number =>
  // If the channel did not accept the notification, the period begins at the first refusal, so that
  // a broken channel does not delay the escalation.
  state === 'sent' ? Math.floor(version / 1000) : (failedAt ?? nextAt);

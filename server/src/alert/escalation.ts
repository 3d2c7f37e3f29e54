import type { Incident, Notification } from '../model/incident.ts';
import { channelsOf, type Route } from './policy.ts';
import type { StageDecision } from './stages.ts';

/**
 * Decides about the notifications that are sent to a further channel if nobody acknowledges. The
 * time counts from when people were told, not from when the incident opened: after a silence or a
 * mute window, those who are on duty get their time first.
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
 * Returns why the escalation is not due yet, or never will be; null if it is due. `toldBy` returns
 * the notification by which the channel was told that the incident opened.
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

/** Returns the instant from which people have time to acknowledge, epoch ms. */
const startOf = ({ state, nextAt, failedAt, version }: Notification): number =>
  // A channel that does not take the notification is no reason to wait with the next one.
  state === 'sent' ? Math.floor(version / 1000) : (failedAt ?? nextAt);

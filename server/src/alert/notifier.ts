import { createDeadlines } from '../base/deadlines.ts';
import type { Incident, Notification } from '../model/incident.ts';
import { createDelivery, type DeliveryOptions } from './delivery.ts';
import type { Incidents } from './incidents/index.ts';
import { escalationHeld, escalationOf } from './escalation.ts';
import { channelsOf, escalationsTo, routeTo, type Inhibition, type Route } from './policy.ts';
import type { Silences } from './silences.ts';
import { decide, type StageDecision } from './stages.ts';
import { isUndecided } from './transitions.ts';

/**
 * Decides who is notified of an incident, when, and when again. `transitions.ts` defines the states
 * of notifications.
 */
export interface Notifier {
  /** Notifies those channels of the incident that were not notified of this event yet. */
  notify(incident: Incident, event: 'opened' | 'resolved'): void;
  /**
   * Notifies people again of an incident that has outgrown its acknowledgement, because they
   * acknowledged a smaller incident. Repeated calls for the same growth have no effect.
   */
  remind(incident: Incident): void;
  /**
   * Resumes the loaded notifications. Creates the notifications that were not saved because the
   * process crashed.
   */
  resume(): void;
  /** Makes all notifications due now that were held until `atMs`. */
  releaseHeldUntil(atMs: number): void;
  /** Resolves when no notification is being sent. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface NotifierOptions extends Omit<DeliveryOptions, 'heldBy' | 'onSent' | 'incidents'> {
  incidents: Pick<Incidents, 'get' | 'list'>;
  silences: Pick<Silences, 'list'>;
  routes: readonly Route[];
  inhibitions: readonly Inhibition[];
}

export function createNotifier(options: NotifierOptions): Notifier {
  const { clock, notifications, incidents, routes } = options;
  const { all } = notifications;
  const sending = new Map<string, Promise<void>>();
  let stopping = false;

  const attempts = createDeadlines(clock, (ids) => {
    for (const id of ids) if (all.has(id) && !sending.has(id)) sending.set(id, attempt(id));
  });
  const repeats = createDeadlines(clock, (ids) => {
    for (const id of ids) repeat(id);
  });
  const attempt = (id: string): Promise<void> =>
    deliver(id).finally(() => {
      sending.delete(id);
      const notification = all.get(id);
      // A deadline that passed during the attempt had no effect. Set a new one, because an
      // undelivered notification without a deadline would never be sent.
      if (!stopping && notification !== undefined && isUndecided(notification))
        attempts.set(id, Math.max(notification.nextAt, clock.now() + 1));
    });
  const tell = (incident: Incident, about: NewAbout, waitMs = 0): void => {
    const { id, nextAt } = notifications.add({ ...about, incident, waitMs });
    attempts.set(id, nextAt);
  };
  const notifyChannel = (
    incident: Incident,
    event: 'opened' | 'resolved',
    name: string,
    route: Route,
  ): void => {
    const id = idOf(incident, event, name);
    if (all.has(id)) return;
    if (event === 'opened') {
      const reason = `matches a route; group wait ${route.groupWaitMs} ms`;
      return tell(incident, { id, event, channel: name, reason }, route.groupWaitMs);
    }
    tellOver(incident, name, idOf(incident, 'opened', name));
  };
  /** Tells a channel that the incident has resolved, if the channel was told that it had opened. */
  const tellOver = (incident: Incident, channel: string, openedId: string): void => {
    const opened = all.get(openedId);
    const id = idOf(incident, 'resolved', channel);
    if (opened === undefined || opened.state === 'dropped' || all.has(id)) return;
    if (opened.state === 'waiting') {
      notifications.move(opened.id, { kind: 'dropped', reason: 'resolved before it was sent' });
      attempts.clear(opened.id);
    } else tell(incident, { id, event: 'resolved', channel, reason: 'the incident resolved' });
  };
  const repeatLater = ({ id, incidentId, event, channel }: Notification, fromMs: number): void => {
    const incident = incidents.get(incidentId);
    if (event === 'resolved' || event === 'escalated' || incident?.status !== 'open') return;
    const everyMs = routeTo(routes, channel, incident)?.repeatMs ?? 0;
    if (everyMs > 0) repeats.set(id, fromMs + everyMs);
  };
  const repeat = (lastId: string): void => {
    const last = all.get(lastId);
    const incident = last && incidents.get(last.incidentId);
    if (incident?.status !== 'open' || last === undefined) return;
    if (incident.ack !== null) return repeatLater(last, clock.now());
    const { channel } = last;
    const id = repeatIdOf(incident, repetitionOf(lastId) + 1, channel);
    if (!all.has(id)) tell(incident, { id, event: 'repeated', channel, reason: 'still open' });
  };
  const remindChannel = (incident: Incident, channel: string, sinceMs: number): void => {
    // No reminder is needed if the first notification has not been sent yet, or was sent after
    // `sinceMs`.
    if (!wasToldBefore(all.get(idOf(incident, 'opened', channel)), sinceMs)) return;
    const id = nextRepeatId(all, incident, channel);
    const reason = 'ten times worse than when it was acknowledged';
    tell(incident, { id, event: 'repeated', channel, reason });
  };
  const notify: Notifier['notify'] = (incident, event) => {
    for (const route of routes) {
      for (const name of channelsOf(route, incident)) notifyChannel(incident, event, name, route);
      escalate({ all, tell, tellOver }, incident, event, route);
    }
  };
  const remind: Notifier['remind'] = (incident) => {
    const sinceMs = incident.outgrownAt ?? Infinity;
    const told = channelsToldSince(all.values(), incident, sinceMs);
    const reached = new Set(routes.flatMap((route) => channelsOf(route, incident)));
    for (const channel of reached)
      if (!told.has(channel)) remindChannel(incident, channel, sinceMs);
  };
  const deliver = createDelivery({
    ...options,
    heldBy: (incident, notification) => heldBy(options, incident, notification),
    onSent: (notification) => repeatLater(notification, clock.now()),
  });
  return {
    notify,
    remind,
    resume() {
      // Create notifications that are missing because the process crashed before saving them. Their
      // ids are deterministic, so none is created twice.
      for (const incident of incidents.list())
        notify(incident, incident.status === 'open' ? 'opened' : 'resolved');
      // Skip incidents that an earlier version stored, which have no `outgrownAt`.
      for (const incident of incidents.list())
        if (incident.status === 'open' && typeof incident.outgrownAt === 'number') remind(incident);
      for (const one of all.values())
        if (isUndecided(one)) attempts.set(one.id, Math.max(one.nextAt, clock.now()));
        else if (one.state === 'sent') repeatLater(one, one.nextAt);
    },
    releaseHeldUntil(atMs) {
      for (const { id, state, nextAt } of all.values())
        if (state === 'waiting' && nextAt === atMs) attempts.set(id, clock.now());
    },
    idle: async () => void (await Promise.all(sending.values())),
    async stop() {
      stopping = true;
      attempts.stop();
      repeats.stop();
      await Promise.all(sending.values());
    },
  };
}

/**
 * Creates the notification for the channel to which a route escalates, or tells this channel that
 * the incident has resolved.
 */
function escalate(
  by: {
    all: ReadonlyMap<string, Notification>;
    tell(incident: Incident, about: NewAbout, waitMs: number): void;
    tellOver(incident: Incident, channel: string, openedId: string): void;
  },
  incident: Incident,
  event: 'opened' | 'resolved',
  route: Route,
): void {
  const escalation = escalationOf(incident, route);
  if (escalation === null) return;
  const { waitMs, ...about } = escalation;
  if (event === 'resolved') by.tellOver(incident, about.channel, about.id);
  else if (!by.all.has(about.id)) by.tell(incident, { ...about, event: 'escalated' }, waitMs);
}
type NewAbout = Pick<Notification, 'id' | 'event' | 'channel' | 'reason'>;

/** Returns the id of a notification, by which the receiver detects repeated deliveries. */
const idOf = (incident: Incident, event: 'opened' | 'resolved', channel: string): string =>
  `${incident.id}:${event}:${channel}`;
const repeatIdOf = (incident: Incident, number: number, channel: string): string =>
  `${incident.id}:repeated-${number}:${channel}`;
function nextRepeatId(
  all: ReadonlyMap<string, Notification>,
  incident: Incident,
  channel: string,
): string {
  let number = 1;
  while (all.has(repeatIdOf(incident, number, channel))) number++;
  return repeatIdOf(incident, number, channel);
}
/** Returns whether the first notification has a final state and was not sent after `sinceMs`. */
const wasToldBefore = (opened: Notification | undefined, sinceMs: number): boolean =>
  opened !== undefined &&
  !isUndecided(opened) &&
  !(opened.state === 'sent' && opened.version >= (sinceMs + 1) * 1000);
const repetitionOf = (id: string): number => Number(/:repeated-(\d+):/.exec(id)?.[1] ?? 0);

/** Returns the reason why a notification is not sent now; null if it may be sent. */
function heldBy(
  options: NotifierOptions,
  incident: Incident,
  { event, channel }: Notification,
): StageDecision | null {
  const { routes, clock, notifications } = options;
  if (event !== 'escalated')
    return decide(incident, contextOf(options, routeTo(routes, channel, incident)));
  const route = escalationsTo(routes, channel, incident)[0];
  if (route === undefined) return { reason: 'no route escalates to this channel', until: null };
  const toldBy = (name: string): Notification | undefined =>
    notifications.all.get(idOf(incident, 'opened', name));
  return (
    decide(incident, contextOf(options, route)) ??
    escalationHeld(route, incident, toldBy, clock.now())
  );
}

const contextOf = (
  { clock, silences, inhibitions, incidents }: NotifierOptions,
  route: Route | undefined,
): Parameters<typeof decide>[1] => ({
  nowMs: clock.now(),
  silences: silences.list(),
  mute: route?.mute ?? [],
  inhibitions,
  open: inhibitions.length === 0 ? [] : incidents.list().filter(({ status }) => status === 'open'),
});

function channelsToldSince(
  notifications: Iterable<Notification>,
  incident: Incident,
  sinceMs: number,
): Set<string> {
  const told = new Set<string>();
  for (const { incidentId, event, createdAt, channel } of notifications)
    if (incidentId === incident.id && event === 'repeated' && createdAt >= sinceMs)
      told.add(channel);
  return told;
}

import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { createDeadlines } from '../base/deadlines.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Flow } from '../model/flow.ts';
import type { Incident, Notification, Silence } from '../model/incident.ts';
import { KINDS, send, type Channel } from './channels.ts';
import type { Guard } from './guard.ts';
import { createIncidents, type IncidentsOptions } from './incidents.ts';
import { createRefusals } from './refusals.ts';
import { createSilences, type SilenceFields } from './silences.ts';
import { matches, STAGES, type Hold, type Inhibition, type Route } from './stages.ts';

export { createGuard, type Guard } from './guard.ts';
export { NO_ALERTS, readAlertSettings, type AlertSettings } from './settings.ts';
export type { Channel } from './channels.ts';
export type { Route } from './stages.ts';

/**
 * Findings → incidents → notifications → people. Every decision is kept with its reason. A notification is written down
 * before it is sent and sent until it is taken, with one idempotency key: at least once, never silently not.
 */
export interface Alerts {
  /**
   * Takes up what an earlier life left: open incidents, undelivered notifications. `isPartial`: flows of theirs may be
   * missing from the store for now, so that none is over before `allAreThere`.
   */
  start(isPartial?: boolean): Promise<void>;
  allAreThere(): void;
  /** What is said of flows now, after it is durable. */
  observe(flows: readonly Flow[]): void;
  forget(flowIds: readonly string[]): void;
  incidents(): Incident[];
  incident(id: string): Incident | undefined;
  acknowledge(id: string, note: string): Incident | undefined;
  resolve(id: string, note: string): Incident | undefined;
  note(id: string, text: string): Incident | undefined;
  notifications(limit: number): Promise<Notification[]>;
  silences(): Silence[];
  silence(fields: SilenceFields): Promise<Silence>;
  /** Ends it now. */
  endSilence(id: string): Promise<Silence | undefined>;
  channels(): Pick<Channel, 'name' | 'kind'>[];
  /** Open incidents of channels that take nothing. */
  refusing(): Incident[];
  /** Sends a test through the channel; rejects with why it was not taken. */
  test(channel: string): Promise<void>;
  /** Resolves when nothing is being written or sent. */
  idle(): Promise<void>;
  stop(): Promise<void>;
}

export interface AlertStore {
  saveIncidents(incidents: readonly Incident[]): Promise<void>;
  incidents(): Promise<Incident[]>;
  saveNotifications(notifications: readonly Notification[]): Promise<void>;
  notifications(limit: number): Promise<Notification[]>;
  saveSilence(silence: Silence): Promise<void>;
  silences(): Promise<Silence[]>;
  flowsWithFindings(): AsyncIterable<Flow[]>;
}

export interface AlertsOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: AlertStore;
  guard: Guard;
  random: () => number;
  channels: readonly Channel[];
  routes: readonly Route[];
  inhibitions: readonly Inhibition[];
  /** What may be behind a finding, and what a flow is worth. */
  suspect: IncidentsOptions['suspect'];
  valueKey: string;
  /** Address of an incident's page. */
  linkTo(incident: Incident): string;
  onChanged(incidents: readonly Incident[]): void;
}

const SAVE_MS = 200;
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 600_000;
/** After this a notification is dead, and shown as such. */
const GIVE_UP_MS = 24 * 3_600_000;
const MOST_KEPT = 10_000;
/** Deadlines of repetitions, beside those of notifications. */
const REPEAT = 'repeat\0';

export function createAlerts(options: AlertsOptions): Alerts {
  const { clock, counters, log, store } = options;
  const notifications = new Map<string, Notification>();
  const channels = new Map(options.channels.map((channel) => [channel.name, channel]));
  const silences = createSilences(clock, (silence) => store.saveSilence(silence));
  const unsaved = new Set<Notification>();
  const sending = new Map<string, Promise<void>>();
  let saving: Promise<void> | undefined;
  let cancelSave: (() => void) | undefined;
  let stopping = false;

  const deadlines = createDeadlines(clock, (ids) => {
    for (const id of ids) {
      if (id.startsWith(REPEAT)) {
        repeat(id.slice(REPEAT.length));
        continue;
      }
      const notification = notifications.get(id);
      if (notification === undefined || sending.has(id)) continue;
      const work = deliver(notification).finally(() => {
        sending.delete(id);
        // A deadline that fell into the attempt was passed over: what is still to be sent is never without one.
        if (!stopping && isUndecided(notification))
          deadlines.set(id, Math.max(notification.nextAt, clock.now() + 1));
      });
      sending.set(id, work);
    }
  });

  const incidents = createIncidents({
    clock,
    suspect: options.suspect,
    valueKey: options.valueKey,
    onOpened: (incident) => notify(incident, 'opened'),
    onWorse: (incident) => remind(incident),
    onResolved(incident) {
      // By hand, too: then it opens again only when it goes on for another hour.
      if (incident.channel !== null && refusals.since(incident.channel) !== null)
        refusals.over(incident.channel);
      notify(incident, 'resolved');
    },
  });
  const refusals = createRefusals({
    ...{ clock, counters, incidents, notifications, isUndecided },
    channels: [...channels.keys()],
    onChanged: () => saveSoon(),
  });

  const change = (notification: Notification, fields: Partial<Notification>): void => {
    Object.assign(notification, fields);
    notification.version = Math.max(notification.version + 1, clock.now() * 1000);
    unsaved.add(notification);
    refusals.changed(notification.channel);
    saveSoon();
  };

  const notify = (incident: Incident, event: 'opened' | 'resolved'): void => {
    for (const route of options.routes) {
      for (const name of reachedBy(route, incident)) {
        const id = `${incident.id}:${event}:${name}`;
        if (notifications.has(id)) continue;
        const opened = notifications.get(`${incident.id}:opened:${name}`);
        if (event === 'resolved') {
          if (opened === undefined) continue;
          if (opened.state === 'waiting') {
            change(opened, { state: 'dropped', reason: 'resolved before the group wait was over' });
            deadlines.clear(opened.id);
            continue;
          }
          if (opened.state === 'dropped') continue;
        }
        tell(
          incident,
          event,
          name,
          event === 'opened'
            ? `matches a route; group wait ${route.groupWaitMs} ms`
            : 'the incident resolved',
          event === 'opened' ? route.groupWaitMs : 0,
        );
      }
    }
  };
  const tell = (
    incident: Incident,
    event: 'opened' | 'repeated' | 'resolved',
    channel: string,
    reason: string,
    waitMs: number,
    id = `${incident.id}:${event}:${channel}`,
  ): void => {
    const now = clock.now();
    const notification: Notification = {
      id,
      incidentId: incident.id,
      event,
      channel,
      state: event === 'resolved' ? 'pending' : 'waiting',
      reason,
      attempts: 0,
      createdAt: now,
      nextAt: now + waitMs,
      lastError: '',
      body: '',
      version: now * 1000,
    };
    keep(notification);
    change(notification, {});
    deadlines.set(id, notification.nextAt);
  };
  const repeatId = (incident: Incident, number: number, channel: string): string =>
    `${incident.id}:repeated-${number}:${channel}`;
  /** The route by which an incident reaches a channel. */
  const routeTo = (channel: string, incident: Incident): Route | undefined =>
    options.routes.find((route) => reachedBy(route, incident).includes(channel));
  const repeatLater = (notification: Notification, fromMs: number): void => {
    const incident = incidents.get(notification.incidentId);
    if (notification.event === 'resolved' || incident?.status !== 'open') return;
    const every = routeTo(notification.channel, incident)?.repeatMs ?? 0;
    if (every > 0) deadlines.set(REPEAT + notification.id, fromMs + every);
  };
  const repeat = (lastId: string): void => {
    const last = notifications.get(lastId);
    const incident = last && incidents.get(last.incidentId);
    if (incident?.status !== 'open' || last === undefined) return;
    if (incident.ack !== null) return repeatLater(last, clock.now());
    const number = Number(/:repeated-(\d+):/.exec(lastId)?.[1] ?? 0) + 1;
    const id = repeatId(incident, number, last.channel);
    if (!notifications.has(id)) tell(incident, 'repeated', last.channel, 'still open', 0, id);
  };
  /** Whoever acknowledged it knew of something smaller. Told once, however often it is asked for. */
  const remind = (incident: Incident): void => {
    const since = incident.outgrownAt ?? Infinity;
    const told = new Set(
      [...notifications.values()]
        .filter(
          ({ incidentId, event, createdAt }) =>
            incidentId === incident.id && event === 'repeated' && createdAt >= since,
        )
        .map(({ channel }) => channel),
    );
    const reached = new Set(options.routes.flatMap((route) => reachedBy(route, incident)));
    for (const channel of reached) {
      const opened = notifications.get(`${incident.id}:opened:${channel}`);
      // Still to be told of it at all, or told since: then that is enough.
      if (opened === undefined || isUndecided(opened) || told.has(channel)) continue;
      if (opened.state === 'sent' && opened.version >= (since + 1) * 1000) continue;
      let number = 1;
      while (notifications.has(repeatId(incident, number, channel))) number++;
      const reason = 'ten times worse than when it was acknowledged';
      tell(incident, 'repeated', channel, reason, 0, repeatId(incident, number, channel));
    }
  };
  const keep = (notification: Notification): void => {
    notifications.set(notification.id, notification);
    if (notifications.size <= MOST_KEPT) return;
    for (const [id, old] of notifications) {
      if (isUndecided(old)) continue;
      notifications.delete(id);
      break;
    }
  };

  const deliver = async (notification: Notification): Promise<void> => {
    const channel = channels.get(notification.channel);
    const incident = incidents.get(notification.incidentId);
    if (!isUndecided(notification)) return;
    if (channel === undefined)
      return change(notification, { state: 'dropped', reason: 'the channel is gone' });
    if (notification.body === '') {
      if (incident === undefined)
        return change(notification, { state: 'dropped', reason: 'the incident is gone' });
      if (incident.status === 'resolved' && notification.event !== 'resolved')
        return change(notification, { state: 'dropped', reason: 'resolved before it was sent' });
      const hold = notification.event === 'resolved' ? null : heldBy(incident, notification.channel);
      if (hold !== null) {
        if (hold.until === null) return change(notification, { state: 'dropped', reason: hold.reason });
        return change(notification, { reason: hold.reason, nextAt: hold.until });
      }
      const body = KINDS[channel.kind].body(incident, notification.event, options.linkTo(incident), channel);
      change(notification, { state: 'pending', body: JSON.stringify(body) });
    }
    // Written down first: a crash after this repeats it under the same key, a crash before it loses nothing.
    await save();
    if (unsaved.has(notification)) return change(notification, { nextAt: clock.now() + FIRST_RETRY_MS });
    try {
      const { status, retryAfterMs } = await send(options.guard, channel, notification, clock.now());
      if (status >= 200 && status < 300) {
        counters.add('fermata_notifications_sent_total');
        refusals.over(channel.name);
        change(notification, { state: 'sent', attempts: notification.attempts + 1, lastError: '' });
        repeatLater(notification, clock.now());
      } else if (status >= 300 && status < 400)
        giveUp(notification, `answered ${status}; redirects are not followed`);
      else if (status >= 400 && status < 500 && status !== 408 && status !== 429)
        giveUp(notification, `answered ${status}`);
      else retry(notification, `answered ${status}`, retryAfterMs);
    } catch (error) {
      if (error instanceof FermataError && error.code === 'alert.refused')
        giveUp(notification, error.message);
      else retry(notification, messageOf(error), null);
    }
    await save();
  };
  const heldBy = (incident: Incident, channel: string): Hold | null => {
    const world = {
      nowMs: clock.now(),
      silences: silences.list(),
      mute: routeTo(channel, incident)?.mute ?? [],
      inhibitions: options.inhibitions,
      open: options.inhibitions.length === 0 ? [] : incidents.list().filter((one) => one.status === 'open'),
    };
    for (const stage of STAGES) {
      const hold = stage(incident, world);
      if (hold !== null) return hold;
    }
    return null;
  };
  const giveUp = (notification: Notification, why: string): void => {
    counters.add('fermata_notifications_dead_total');
    log.error(
      { channel: notification.channel, reason: why },
      'a notification was not taken, and will not be',
    );
    change(notification, { state: 'dead', ...failed(notification, why) });
  };
  const retry = (notification: Notification, why: string, afterMs: number | null): void => {
    if (clock.now() - notification.createdAt >= GIVE_UP_MS) return giveUp(notification, why);
    const backoff = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** notification.attempts);
    const wait = Math.min(GIVE_UP_MS, Math.max(afterMs ?? 0, backoff * (0.5 + options.random() / 2)));
    counters.add('fermata_notification_retries_total');
    change(notification, {
      state: 'pending',
      ...failed(notification, why),
      nextAt: clock.now() + wait,
    });
  };
  const failed = (notification: Notification, why: string): Partial<Notification> => {
    const lastError = why.slice(0, 500);
    refusals.refused(notification.channel, lastError);
    return {
      attempts: notification.attempts + 1,
      failedAt: notification.failedAt ?? clock.now(),
      lastError,
    };
  };

  const saveSoon = (): void => {
    if (stopping || cancelSave !== undefined) return;
    cancelSave = clock.after(SAVE_MS, () => void save());
  };
  const save = async (): Promise<void> => {
    await saving;
    cancelSave?.();
    cancelSave = undefined;
    saving = (async () => {
      refusals.count();
      const changed = incidents.takeChanged();
      const list = [...unsaved];
      try {
        if (changed.length > 0) {
          options.onChanged(changed);
          await store.saveIncidents(changed);
        }
        if (list.length > 0) {
          const versions = list.map((one) => one.version);
          await store.saveNotifications(list);
          list.forEach((one, i) => one.version === versions[i] && unsaved.delete(one));
        }
      } catch (error) {
        counters.add('fermata_alert_write_failures_total');
        log.error({ detail: messageOf(error).slice(0, 300) }, 'alerts could not be written; trying again');
        saveSoon();
      }
    })();
    await saving;
  };

  return {
    async start(isPartial = false) {
      silences.load(await store.silences());
      incidents.load(await store.incidents());
      for (const notification of await store.notifications(MOST_KEPT)) keep(notification);
      for await (const flows of store.flowsWithFindings()) for (const flow of flows) incidents.observe(flow);
      if (!isPartial) incidents.loaded();
      refusals.load();
      // A crash between an incident and its notification: made up for here; what exists already is not made twice.
      for (const incident of incidents.list())
        notify(incident, incident.status === 'open' ? 'opened' : 'resolved');
      // Those that an earlier version stored have no such instant.
      for (const incident of incidents.list())
        if (incident.status === 'open' && typeof incident.outgrownAt === 'number') remind(incident);
      for (const { id, state, nextAt } of notifications.values())
        if (state === 'waiting' || state === 'pending') deadlines.set(id, Math.max(nextAt, clock.now()));
      for (const one of notifications.values()) if (one.state === 'sent') repeatLater(one, one.nextAt);
      await save();
    },
    allAreThere() {
      incidents.loaded();
      saveSoon();
    },
    observe(flows) {
      for (const flow of flows) incidents.observe(flow);
      saveSoon();
    },
    forget(flowIds) {
      for (const id of flowIds) incidents.forget(id);
      saveSoon();
    },
    incidents: () => incidents.list(),
    incident: (id) => incidents.get(id),
    acknowledge: (id, note) => after(incidents.acknowledge(id, note)),
    resolve: (id, note) => after(incidents.resolve(id, note)),
    note: (id, text) => after(incidents.note(id, text)),
    notifications: async (limit) =>
      [...notifications.values()].sort((a, b) => b.createdAt - a.createdAt).slice(0, limit),
    silences: () => silences.list(),
    silence: (fields) => silences.add(fields),
    async endSilence(id) {
      const ended = await silences.end(id);
      if (ended === undefined) return undefined;
      // Whoever waited for its end is told now.
      for (const { id: held, state, nextAt } of notifications.values())
        if (state === 'waiting' && nextAt === ended.was.until) deadlines.set(held, clock.now());
      return ended.is;
    },
    refusing: () => refusals.open(),
    channels: () => options.channels.map(({ name, kind }) => ({ name, kind })),
    async test(name) {
      const channel = channels.get(name);
      if (channel === undefined)
        throw new FermataError('alert.no-channel', `there is no channel named ${name}`, {
          hint: `Channels: ${[...channels.keys()].join(', ') || 'none'}.`,
        });
      const notification = testNotification(channel, clock.now());
      const notTaken = (why: string, cause?: unknown): FermataError =>
        new FermataError('alert.not-taken', `${name} ${why}`, {
          hint: 'Check the address and the secret of the channel.',
          cause,
        });
      const { status } = await send(options.guard, channel, notification, clock.now()).catch(
        (cause: unknown) => {
          throw cause instanceof FermataError ? cause : notTaken(`took nothing: ${messageOf(cause)}`, cause);
        },
      );
      if (status < 200 || status >= 300) throw notTaken(`answered ${status}`);
      refusals.over(name);
    },
    async idle() {
      await Promise.all(sending.values());
      await saving;
    },
    async stop() {
      stopping = true;
      deadlines.stop();
      refusals.stop();
      await Promise.all(sending.values());
      await save();
    },
  };

  function after(incident: Incident | undefined): Incident | undefined {
    saveSoon();
    return incident;
  }
}

/**
 * Channels by which a route tells of an incident. Of one that takes nothing, the others are told whatever flow types and
 * services they care for: it has none.
 */
const reachedBy = (route: Route, incident: Incident): readonly string[] => {
  if (incident.channel === null) return matches(route, incident) ? route.channels : [];
  const others = route.channels.filter((name) => name !== incident.channel);
  return matches({ ...route, types: [], services: [] }, incident) ? others : [];
};

const isUndecided = ({ state }: Notification): boolean => state === 'waiting' || state === 'pending';

function testNotification(channel: Channel, now: number): Notification {
  const incident: Incident = {
    key: 'test',
    id: `test-${now.toString(36)}`,
    rule: 'test',
    severity: 'info',
    lasting: false,
    status: 'open',
    title: 'Test',
    cause: null,
    environment: '',
    flowType: '',
    service: null,
    step: null,
    place: null,
    dependency: null,
    channel: null,
    keys: ['test'],
    parts: [],
    foldedInto: null,
    count: 0,
    openCount: 0,
    firstAt: now,
    lastAt: now,
    resolvedAt: null,
    drainPerMinute: null,
    etaAt: null,
    value: null,
    exampleFlowIds: [],
    notes: [],
    ack: null,
    outgrownAt: null,
    version: 0,
  };
  return {
    id: incident.id,
    incidentId: incident.id,
    event: 'test',
    channel: channel.name,
    state: 'pending',
    reason: 'test',
    attempts: 0,
    createdAt: now,
    nextAt: now,
    lastError: '',
    body: JSON.stringify(KINDS[channel.kind].body(incident, 'test', '', channel)),
    version: 0,
  };
}

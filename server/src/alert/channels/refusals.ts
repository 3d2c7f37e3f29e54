import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import type { Incident, Notification } from '../../model/incident.ts';
import { newIncident, type Incidents } from '../incidents/index.ts';
import { isUndecided } from '../transitions.ts';

/**
 * Tracks channels that accept no notifications, because people who rely on such a channel must be
 * informed through another one. If a channel refused or was unreachable for an hour, and accepted
 * nothing meanwhile, an incident about Fermata itself is opened. It ends when the channel accepts a
 * notification or is no longer configured.
 */
export interface Refusals {
  /**
   * Restores the refusals from notifications of a previous run of the process. Call this after
   * these notifications are loaded.
   */
  load(): void;
  refused(channel: string, why: string): void;
  /**
   * Ends the refusal of a channel. Called when the channel accepted a notification, or when an
   * operator resolved the incident.
   */
  over(channel: string): void;
  /**
   * Returns the time since which the channel has accepted nothing, epoch ms; null if it accepted
   * the last notification.
   */
  since(channel: string): number | null;
  /**
   * Reports that one of the channel's notifications changed, so that `count` must count them again.
   */
  changed(channel: string): void;
  /**
   * Counts the waiting and the refused notifications of changed channels, and updates their
   * incidents. This scans all notifications, so call it once before incidents are saved, and not
   * for each notification.
   */
  count(): void;
  open(): Incident[];
  stop(): void;
}

export interface RefusalsOptions {
  clock: Clock;
  counters: Counters;
  channels: readonly string[];
  incidents: Pick<Incidents, 'raise' | 'amend' | 'withdraw' | 'openOf' | 'list'>;
  notifications: ReadonlyMap<string, Notification>;
  onChanged(): void;
}

interface Refusal {
  since: number;
  why: string;
  cancel: () => void;
}

const LONG_MS = 3_600_000;

export function createRefusals(options: RefusalsOptions): Refusals {
  const { clock, channels, incidents, notifications } = options;
  const refusing = new Map<string, Refusal>();
  const toCount = new Set<string>();
  const onLong = (channel: string, since: number, why: string): void => {
    const key = refusalKey(channel);
    if (incidents.openOf(key) === undefined)
      incidents.raise(refusalIncident(channel, since, why, clock.now()));
    incidents.amend(key, { cause: causeOf(why), lastAt: clock.now() });
    toCount.add(channel);
    options.onChanged();
  };
  const onOver = (channel: string): void => {
    incidents.withdraw(refusalKey(channel));
    options.onChanged();
  };
  const begin = (channel: string, since: number, why: string): void => {
    const refusal: Refusal = { since, why, cancel: () => undefined };
    refusing.set(channel, refusal);
    refusal.cancel = clock.after(Math.max(0, since + LONG_MS - clock.now()), () =>
      onLong(channel, since, refusal.why),
    );
  };
  const over = (channel: string): void => {
    refusing.get(channel)?.cancel();
    refusing.delete(channel);
    onOver(channel);
  };
  const open = (): Incident[] =>
    channels.flatMap((name) => incidents.openOf(refusalKey(name)) ?? []);
  options.counters.gauge('fermata_channel_refusing_seconds', () =>
    channels.map((channel) => ({
      labels: { channel },
      value: (clock.now() - (refusing.get(channel)?.since ?? clock.now())) / 1000,
    })),
  );
  return {
    load() {
      const tookMs = new Map<string, number>();
      const took = (channel: string, atMs: number): void =>
        void tookMs.set(channel, Math.max(tookMs.get(channel) ?? 0, atMs));
      for (const { channel, resolvedAt } of incidents.list())
        if (channel !== null && resolvedAt !== null) took(channel, resolvedAt);
      const list = [...notifications.values()];
      for (const { channel, state, version } of list)
        if (state === 'sent') took(channel, version / 1000);
      for (const channel of channels) {
        const refused = list
          .filter((one) => one.channel === channel && one.event !== 'test')
          .filter((one) => one.state !== 'sent' && one.attempts > 0)
          .map(({ version, failedAt, lastError }) => ({
            since: failedAt ?? Math.floor(version / 1000),
            lastMs: version / 1000,
            lastError,
          }))
          .filter(({ lastMs }) => lastMs > (tookMs.get(channel) ?? 0));
        if (refused.length === 0) continue;
        const since = Math.min(
          ...refused.map((one) => Math.max(one.since, tookMs.get(channel) ?? 0)),
        );
        const last = refused.reduce((a, b) => (b.lastMs > a.lastMs ? b : a));
        begin(channel, since, last.lastError);
      }
      const gone = incidents
        .list()
        .filter(({ status, channel }) => status === 'open' && channel !== null);
      for (const { channel } of gone) if (!refusing.has(channel!)) onOver(channel!);
    },
    refused(channel, why) {
      const known = refusing.get(channel);
      if (known === undefined) return begin(channel, clock.now(), why);
      known.why = why;
      if (clock.now() - known.since >= LONG_MS) onLong(channel, known.since, why);
    },
    over,
    since: (channel) => refusing.get(channel)?.since ?? null,
    changed: (channel) => void toCount.add(channel),
    count() {
      for (const { channel, key, count, openCount } of open()) {
        if (!toCount.has(channel!)) continue;
        const mine = [...notifications.values()].filter(
          (one) => one.channel === channel && one.event !== 'test',
        );
        const waits = mine.filter(isUndecided).length;
        const refused = mine.filter(
          ({ state, attempts }) => state !== 'sent' && attempts > 0,
        ).length;
        if (waits !== openCount || refused > count)
          incidents.amend(key, { openCount: waits, count: Math.max(count, refused) });
      }
      toCount.clear();
    },
    open,
    stop() {
      for (const { cancel } of refusing.values()) cancel();
    },
  };
}

const refusalKey = (channel: string): string => `channel-refuses:${channel}`;

/** Returns the new incident about a channel that refuses notifications. */
function refusalIncident(channel: string, since: number, why: string, nowMs: number): Incident {
  const part = {
    rule: 'channel-refuses',
    severity: 'critical',
    flowType: '',
    service: 'fermata',
    step: null,
  } as const;
  const title = `Channel ${channel} takes no notifications`;
  return newIncident(
    {
      ...{
        ...part,
        key: refusalKey(channel),
        lasting: true,
        environment: '',
        channel,
        parts: [part],
      },
      ...{ title, cause: causeOf(why), firstAt: since },
    },
    nowMs,
  );
}
const causeOf = (why: string): string => `the last one: ${why}`;

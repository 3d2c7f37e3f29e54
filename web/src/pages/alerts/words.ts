import type { AlertRoute, Notification } from '@fermata/server/contract';
import { absolute, capital, duration } from '../../ui/format.ts';

/** This file describes in plain words what became of notifications, and what routes do. */

const KINDS: Record<string, string> = {
  webhook: 'webhook',
  slack: 'Slack',
  teams: 'Teams',
  pagerduty: 'PagerDuty',
  email: 'mail',
  alertmanager: 'Alertmanager',
};
export const kindText = (kind: string): string => KINDS[kind] ?? kind;

export interface Told {
  text: string;
  /** The reason or the error; empty if `text` says everything. */
  why: string;
  tone: 'ok' | 'warn' | 'bad' | 'none';
}

/**
 * Describes what became of a notification. `kindOf` returns the kind of a channel, or an empty text
 * if the channel is unknown.
 */
export function toldText(
  one: Notification,
  kindOf: (channel: string) => string,
  now: number,
): Told {
  const kind = kindOf(one.channel);
  const whom = `${one.channel}${kind === '' ? '' : ` by ${kindText(kind)}`}`;
  const time = (iso: string): string => absolute(Date.parse(iso), now, 's');
  switch (one.state) {
    case 'sent':
      return { text: sentText(one, whom, time(one.changedAt)), why: '', tone: 'ok' };
    case 'dead':
      return {
        text: `Could not reach ${whom} at ${time(one.changedAt)}${one.attempts > 1 ? `, in ${one.attempts} attempts` : ''}`,
        why: one.lastError,
        tone: 'bad',
      };
    case 'dropped':
      return {
        text: `Did not tell ${whom} at ${time(one.changedAt)}`,
        why: reasonText(one.reason),
        tone: 'none',
      };
    case 'pending':
      return one.attempts === 0
        ? { text: `Telling ${whom} now`, why: '', tone: 'none' }
        : {
            text: `Not delivered to ${whom} yet, next attempt at ${time(one.nextAt)}`,
            why: one.lastError,
            tone: 'bad',
          };
    case 'waiting':
      return {
        text: `${one.event === 'escalated' ? 'Escalates to' : 'Will tell'} ${whom} at ${time(one.nextAt)}`,
        why: reasonText(one.reason),
        tone: 'warn',
      };
  }
}

function sentText(one: Notification, whom: string, time: string): string {
  const late = Date.parse(one.changedAt) - Date.parse(one.createdAt);
  const after = (what: string): string =>
    `at ${time}, ${duration(Math.max(0, late))} after ${what}`;
  switch (one.event) {
    case 'opened':
      return `Told ${whom} ${after('it opened')}`;
    case 'repeated':
      return `Told ${whom} again at ${time}`;
    case 'escalated':
      return `Escalated to ${whom} at ${time}, because nobody had acknowledged`;
    case 'resolved':
      return `Told ${whom} ${after('it resolved')}`;
    case 'test':
      return `Test delivered to ${whom} at ${time}`;
  }
}

const MS = /(\d+) ms\b/g;
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^matches a route; group wait 0 ms$/, ''],
  [/^matches a route; group wait (.+)$/, 'waits $1 for more of the same'],
  [/^nobody acknowledged within (.+)$/, 'unless somebody acknowledges within $1'],
];
export function reasonText(reason: string): string {
  const inWords = reason.replace(MS, (_all, number: string) => duration(Number(number)));
  const found = REASONS.find(([pattern]) => pattern.test(reason));
  if (found === undefined) return inWords;
  const [, value = ''] = found[0].exec(reason) ?? [];
  return found[1].replace(
    '$1',
    value.replace(MS, (_all, number: string) => duration(Number(number))),
  );
}

const listed = (items: readonly string[]): string =>
  items.length <= 1 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)!}`;

/**
 * Says why an incident has no notifications. `incomplete` is true if it may have had some that are
 * no longer kept.
 */
export function nobodyText(channelCount: number, incomplete: boolean): string {
  if (incomplete) return 'Not known: notifications that old are no longer kept.';
  return channelCount === 0 ? 'Nobody: no channel is configured.' : 'Nobody: no route matches it.';
}

/** Describes which incidents a route applies to. */
export function routeScope({ severities, rules, types, services }: AlertRoute): string {
  const parts = [
    severities.length > 0 ? `${listed(severities)} incidents` : 'All incidents',
    rules.length > 0 && `of rule ${listed(rules)}`,
    types.length > 0 && `of type ${listed(types)}`,
    services.length > 0 && `at ${listed(services)}`,
  ].filter((part) => part !== false);
  return capital(parts.join(' '));
}

/**
 * Describes the other settings of a route, one sentence each: waiting, repetition, escalation, mute
 * windows.
 */
export function routeDetails(route: AlertRoute): string[] {
  const { groupWaitMs, repeatMs, escalate, mute } = route;
  return [
    groupWaitMs > 0 && `Waits ${duration(groupWaitMs)} for more of the same`,
    repeatMs > 0 && `Repeats every ${duration(repeatMs)} until somebody acknowledges`,
    escalate !== null &&
      `Escalates to ${escalate.to} if nobody acknowledges within ${duration(escalate.afterMs)}`,
    ...mute.map(({ days, from, to, timezone }) => {
      const named = days.length === 7 ? 'every day' : listed(days.map(capital));
      return `Muted ${named} from ${from} to ${to} (${timezone})`;
    }),
  ].filter((part) => part !== false);
}

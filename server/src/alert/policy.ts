import type { Incident, IncidentPart } from '../model/incident.ts';

/** Who is told of what, as the operator's settings say. Empty lists match all. */
export interface Matcher {
  severities: readonly Incident['severity'][];
  rules: readonly string[];
  types: readonly string[];
  services: readonly string[];
}

/** Who is told of what matches. */
export interface Route extends Matcher {
  channels: readonly string[];
  /** Company may come, or the stall resolve by itself, before anybody is woken, ms. */
  groupWaitMs: number;
  /** What is still open and not acknowledged is told again after this, ms; 0: never. */
  repeatMs: number;
  mute: readonly MuteWindow[];
}

/** Days are 0 (Sunday) to 6; minutes of the day in the zone; from after to: over midnight. */
export interface MuteWindow {
  days: readonly number[];
  fromMinute: number;
  toMinute: number;
  zone: string;
}

/**
 * While something that matches `when` is open, what matches `then` is not told, if they agree in
 * `equal`.
 */
export interface Inhibition {
  when: Matcher;
  then: Matcher;
  equal: readonly ('environment' | 'flowType' | 'service' | 'place')[];
}

const among = (list: readonly string[], value: string | null): boolean =>
  list.length === 0 || (value !== null && list.includes(value));
const partMatches =
  (matcher: Matcher) =>
  ({ severity, rule, flowType, service }: IncidentPart): boolean =>
    among(matcher.severities, severity) &&
    among(matcher.rules, rule) &&
    among(matcher.types, flowType) &&
    among(matcher.services, service);

/** A part is enough: whoever has to hear of a part of an incident has to hear of it. */
export const matches = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.some(partMatches(matcher));
/** All parts have to match: nobody may be kept from the rest by what holds back a part. */
export const matchesWhole = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.every(partMatches(matcher));

/**
 * Channels by which a route tells of an incident. Of a channel that takes nothing the others are
 * told, whatever flow types and services they care for: that incident has none.
 */
export function channelsOf(route: Route, incident: Incident): readonly string[] {
  if (incident.channel === null) return matches(route, incident) ? route.channels : [];
  const others = route.channels.filter((name) => name !== incident.channel);
  return matches({ ...route, types: [], services: [] }, incident) ? others : [];
}

/** The first route by which an incident reaches a channel. */
export const routeTo = (
  routes: readonly Route[],
  channel: string,
  incident: Incident,
): Route | undefined => routes.find((route) => channelsOf(route, incident).includes(channel));

/** The open incident because of which this one is not told. */
export const inhibitorOf = (
  incident: Incident,
  inhibitions: readonly Inhibition[],
  open: readonly Incident[],
): Incident | undefined => {
  for (const { when, then, equal } of inhibitions) {
    if (!matchesWhole(then, incident)) continue;
    const by = open.find(
      (other) =>
        other.id !== incident.id &&
        matches(when, other) &&
        equal.every((field) => agrees(field, incident, other)) &&
        // Of two that would silence each other, the older speaks.
        !(matches(then, other) && matches(when, incident) && other.firstAt > incident.firstAt),
    );
    if (by) return by;
  }
  return undefined;
};
const agrees = (
  field: Inhibition['equal'][number],
  incident: Incident,
  other: Incident,
): boolean =>
  field === 'environment' || field === 'place'
    ? other[field] === incident[field]
    : incident.parts.every((part) => other.parts.some((one) => one[field] === part[field]));

const MINUTE_MS = 60_000;
/** A window is at most a week long, or it would never end. */
const MAX_MUTE_MINUTES = 8 * 24 * 60;
/** When the mute windows that are open now have ended, ms; null: none is open. */
export function mutedUntil(windows: readonly MuteWindow[], nowMs: number): number | null {
  const isMuted = (atMs: number): boolean => windows.some((window) => isWithin(window, atMs));
  if (!isMuted(nowMs)) return null;
  let until = Math.ceil((nowMs + 1) / MINUTE_MS) * MINUTE_MS;
  for (let i = 0; i < MAX_MUTE_MINUTES && isMuted(until); i++) until += MINUTE_MS;
  return until;
}

/** One a zone, because making one takes longer than a thousand uses of it. */
const formats = new Map<string, Intl.DateTimeFormat>();
function formatOf(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known !== undefined) return known;
  const fields = {
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone: zone, ...fields });
  formats.set(zone, format);
  return format;
}
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
function isWithin({ days, fromMinute, toMinute, zone }: MuteWindow, atMs: number): boolean {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const day = DAYS.indexOf(parts['weekday']!);
  const minute = Number(parts['hour']) * 60 + Number(parts['minute']);
  if (fromMinute < toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
  // Over midnight: the day is the one on which it begins.
  return (
    (days.includes(day) && minute >= fromMinute) ||
    (days.includes((day + 6) % 7) && minute < toMinute)
  );
}

import type { Incident, IncidentPart } from '../model/incident.ts';

/** Criteria for incidents in the operator's settings. An empty list matches every value. */
export interface Matcher {
  severities: readonly Incident['severity'][];
  rules: readonly string[];
  types: readonly string[];
  services: readonly string[];
}

/** Determines the channels that are notified of matching incidents. */
export interface Route extends Matcher {
  channels: readonly string[];
  /**
   * Wait before the first notification, ms. Meanwhile more findings may join the incident, or it
   * may resolve by itself.
   */
  groupWaitMs: number;
  /**
   * Time after which people are notified again of an incident that is open and not acknowledged,
   * ms; 0 if never.
   */
  repeatMs: number;
  mute: readonly MuteWindow[];
  /**
   * Channel that is also notified if nobody acknowledges within `afterMs` of the first
   * notification; null if there is none.
   */
  escalate: { afterMs: number; to: string } | null;
}

/**
 * A weekly recurring period. Days are 0 (Sunday) to 6. Minutes are counted from midnight in the
 * time zone `zone`. A window whose start is after its end extends over midnight.
 */
export interface MuteWindow {
  days: readonly number[];
  fromMinute: number;
  toMinute: number;
  zone: string;
}

/**
 * While an incident that matches `when` is open, notifications of incidents that match `then` are
 * held. Both incidents must have the same values in the fields listed in `equal`.
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

/**
 * Returns whether the matcher matches at least one part of the incident. Used for routes, because
 * people who must know about a part must be told about the incident.
 */
export const matches = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.some(partMatches(matcher));
/**
 * Returns whether the matcher matches all parts of the incident. Used for silences and inhibitions,
 * because silencing one part must not hide the other parts.
 */
export const matchesWhole = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.every(partMatches(matcher));

/**
 * Returns the channels that a route notifies of an incident. An incident about a refusing channel
 * has no flow type or service. It is sent to the other channels of the route, regardless of the
 * flow types and services that the route selects.
 */
export function channelsOf(route: Route, incident: Incident): readonly string[] {
  if (incident.channel === null) return matches(route, incident) ? route.channels : [];
  const others = route.channels.filter((name) => name !== incident.channel);
  return matches({ ...route, types: [], services: [] }, incident) ? others : [];
}

/**
 * Returns the first route by which a channel is notified of an incident; undefined if there is
 * none.
 */
export const routeTo = (
  routes: readonly Route[],
  channel: string,
  incident: Incident,
): Route | undefined => routes.find((route) => channelsOf(route, incident).includes(channel));

/** Returns the routes that escalate an incident to a channel. */
export const escalationsTo = (
  routes: readonly Route[],
  channel: string,
  incident: Incident,
): Route[] =>
  routes.filter(
    (route) => route.escalate?.to === channel && channelsOf(route, incident).length > 0,
  );

/**
 * Returns the channels that would be notified of a new incident with this part. Mute windows are
 * ignored.
 */
export const channelsFor = (
  routes: readonly Route[],
  part: Pick<IncidentPart, 'rule' | 'severity' | 'flowType'>,
): string[] => [
  ...new Set(
    routes
      .filter((route) => matches(route, { parts: [{ service: null, step: null, ...part }] }))
      .flatMap((route) => route.channels),
  ),
];

/** Returns the open incident that inhibits the given one; undefined if there is none. */
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
        // If two incidents inhibit each other, only the older one is reported.
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
/**
 * Limit of the search for the end of mute windows, minutes. A window lasts at most a week. If no
 * end is found within the limit, the windows adjoin each other and never end.
 */
const MAX_MUTE_MINUTES = 8 * 24 * 60;
/**
 * Returns the time when none of these mute windows is open any more, epoch ms; null if none is open
 * now.
 */
export function mutedUntil(windows: readonly MuteWindow[], nowMs: number): number | null {
  const isMuted = (atMs: number): boolean => windows.some((window) => isWithin(window, atMs));
  if (!isMuted(nowMs)) return null;
  let until = Math.ceil((nowMs + 1) / MINUTE_MS) * MINUTE_MS;
  for (let i = 0; i < MAX_MUTE_MINUTES && isMuted(until); i++) until += MINUTE_MS;
  return until;
}

/**
 * Cached date formats by time zone, because creating a format takes longer than using it a thousand
 * times.
 */
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
  // A window that extends over midnight belongs to the day on which it begins.
  return (
    (days.includes(day) && minute >= fromMinute) ||
    (days.includes((day + 6) % 7) && minute < toMinute)
  );
}

import type { Incident, IncidentPart } from '../model/incident.ts';

/** Selects incidents by the operator's settings. An empty list matches every value. */
export interface Matcher {
  severities: readonly Incident['severity'][];
  rules: readonly string[];
  types: readonly string[];
  services: readonly string[];
}

/** Says which channels are notified of matching incidents. */
export interface Route extends Matcher {
  channels: readonly string[];
  /**
   * Time to wait before the first notification, ms, because more findings may join the incident, or
   * the stall may resolve by itself.
   */
  groupWaitMs: number;
  /**
   * Time after which people are notified again of an incident that is open and not acknowledged,
   * ms; 0: never.
   */
  repeatMs: number;
  mute: readonly MuteWindow[];
  /**
   * Channel that is notified as well if nobody acknowledged within `afterMs` of the first
   * notification; null: none.
   */
  escalate: { afterMs: number; to: string } | null;
}

/**
 * A window of time that recurs every week. Days are 0 (Sunday) to 6; minutes count from midnight in
 * the time zone. A window whose start is after its end goes over midnight.
 */
export interface MuteWindow {
  days: readonly number[];
  fromMinute: number;
  toMinute: number;
  zone: string;
}

/**
 * While an incident that matches `when` is open, notifications of incidents that match `then` are
 * held, if both incidents have the same values in the fields of `equal`.
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
 * Returns whether the matcher selects at least one part of the incident. Use this for routes,
 * because people who need to learn of a part need to learn of the incident.
 */
export const matches = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.some(partMatches(matcher));
/**
 * Returns whether the matcher selects all parts of the incident. Use this for silences and
 * inhibitions, because what holds back one part must not hide the other parts.
 */
export const matchesWhole = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.every(partMatches(matcher));

/**
 * Returns the channels by which a route notifies of an incident. An incident about a refusing
 * channel has no flow type and no service, so it goes to the other channels of the route whatever
 * flow types and services the route selects.
 */
export function channelsOf(route: Route, incident: Incident): readonly string[] {
  if (incident.channel === null) return matches(route, incident) ? route.channels : [];
  const others = route.channels.filter((name) => name !== incident.channel);
  return matches({ ...route, types: [], services: [] }, incident) ? others : [];
}

/** Returns the first route that leads from an incident to a channel; undefined if no route does. */
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
 * Returns the channels that people would be told by of a new incident with this part, outside of
 * mute windows.
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

/** Returns the open incident that inhibits the given one; undefined if no incident does. */
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
        // If two incidents inhibit each other, people are notified of the older one.
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
 * Bound of the search for the end of mute windows, minutes. A window lasts at most a week. If
 * windows are open for longer than this bound, they follow each other without a gap and never end.
 */
const MAX_MUTE_MINUTES = 8 * 24 * 60;
/**
 * Returns when all mute windows that are open now will have ended, epoch ms; null if no window is
 * open now.
 */
export function mutedUntil(windows: readonly MuteWindow[], nowMs: number): number | null {
  const isMuted = (atMs: number): boolean => windows.some((window) => isWithin(window, atMs));
  if (!isMuted(nowMs)) return null;
  let until = Math.ceil((nowMs + 1) / MINUTE_MS) * MINUTE_MS;
  for (let i = 0; i < MAX_MUTE_MINUTES && isMuted(until); i++) until += MINUTE_MS;
  return until;
}

/**
 * Date formats by time zone. They are kept, because making a format takes longer than using it a
 * thousand times.
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
  // A window over midnight belongs to the day on which it begins.
  return (
    (days.includes(day) && minute >= fromMinute) ||
    (days.includes((day + 6) % 7) && minute < toMinute)
  );
}

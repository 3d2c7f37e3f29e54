import type { Incident, IncidentPart, Silence } from '../model/incident.ts';

/**
 * What stands between an incident and a person, in order. A stage lets pass (null) or holds, and says why; a hold
 * without end drops. The reason is kept with the notification and shown.
 */
export interface Hold {
  reason: string;
  /** Ask again then, ms; null: it will not be sent. */
  until: number | null;
}
export type Stage = (incident: Incident, world: World) => Hold | null;

export interface World {
  nowMs: number;
  silences: Iterable<Silence>;
  /** Of the route that the notification came by. */
  mute: readonly MuteWindow[];
  inhibitions: readonly Inhibition[];
  open: readonly Incident[];
}

/** Days are 0 (Sunday) to 6; minutes of the day in the zone; from after to: over midnight. */
export interface MuteWindow {
  days: readonly number[];
  fromMinute: number;
  toMinute: number;
  zone: string;
}

/** While something matching `when` is open, what matches `then` is not told, if they agree in `equal`. */
export interface Inhibition {
  when: Matcher;
  then: Matcher;
  equal: readonly ('environment' | 'flowType' | 'service' | 'place')[];
}

/** Empty lists match all. */
export interface Matcher {
  severities: Incident['severity'][];
  rules: string[];
  types: string[];
  services: string[];
}

/** Who is told of what matches. */
export interface Route extends Matcher {
  channels: string[];
  /** Company may come, or the stall resolve by itself, before anybody is woken, ms. */
  groupWaitMs: number;
  /** What is still open and not acknowledged is told again after this, ms; 0: never. */
  repeatMs: number;
  mute: readonly MuteWindow[];
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

/** Whoever has to hear of a part of it has to hear of it. */
export const matches = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.some(partMatches(matcher));
/** Nobody may be kept from the rest by what holds back a part of it. */
const matchesWhole = (matcher: Matcher, { parts }: Pick<Incident, 'parts'>): boolean =>
  parts.every(partMatches(matcher));

const acknowledged: Stage = (incident) =>
  incident.ack === null ? null : { reason: 'acknowledged before it was sent', until: null };

const silenced: Stage = (incident, { nowMs, silences }) => {
  const listOf = (value: string): string[] => (value === '' ? [] : [value]);
  for (const { until, rule, flowType, service, comment } of silences) {
    if (until <= nowMs) continue;
    const silence = {
      severities: [],
      rules: listOf(rule),
      types: listOf(flowType),
      services: listOf(service),
    };
    if (matchesWhole(silence, incident))
      return { reason: `silenced${comment === '' ? '' : `: ${comment}`}`, until };
  }
  return null;
};

/** Inhibition ends when the other incident does; nobody says when that is. */
const ASK_AGAIN_MS = 15_000;
const agrees = (field: Inhibition['equal'][number], incident: Incident, other: Incident): boolean =>
  field === 'environment' || field === 'place'
    ? other[field] === incident[field]
    : incident.parts.every((part) => other.parts.some((one) => one[field] === part[field]));
const inhibited: Stage = (incident, { nowMs, inhibitions, open }) => {
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
    if (by) return { reason: `inhibited by ${by.title}`, until: nowMs + ASK_AGAIN_MS };
  }
  return null;
};

const MINUTE_MS = 60_000;
/** A window is at most a week long, or it would never end. */
const LONGEST_MUTE_MINUTES = 8 * 24 * 60;
const muted: Stage = (_incident, { nowMs, mute }) => {
  if (!mute.some((window) => isWithin(window, nowMs))) return null;
  let until = Math.ceil((nowMs + 1) / MINUTE_MS) * MINUTE_MS;
  for (let i = 0; i < LONGEST_MUTE_MINUTES && mute.some((window) => isWithin(window, until)); i++)
    until += MINUTE_MS;
  return { reason: `in a mute window until ${new Date(until).toISOString()}`, until };
};

const formats = new Map<string, Intl.DateTimeFormat>();
const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
function isWithin({ days, fromMinute, toMinute, zone }: MuteWindow, atMs: number): boolean {
  let format = formats.get(zone);
  if (format === undefined)
    formats.set(
      zone,
      (format = new Intl.DateTimeFormat('en-US', {
        timeZone: zone,
        weekday: 'short',
        hour: 'numeric',
        minute: 'numeric',
        hourCycle: 'h23',
      })),
    );
  const parts = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const day = DAYS.indexOf(parts['weekday']!);
  const minute = Number(parts['hour']) * 60 + Number(parts['minute']);
  if (fromMinute < toMinute) return days.includes(day) && minute >= fromMinute && minute < toMinute;
  // Over midnight: the day is the one on which it begins.
  return (days.includes(day) && minute >= fromMinute) || (days.includes((day + 6) % 7) && minute < toMinute);
}

export const STAGES: readonly Stage[] = [acknowledged, silenced, inhibited, muted];

import type { Incident, Silence } from '@fermata/server/contract';
import { absolute, capital, duration, withTimes } from '../../ui/format.ts';

/**
 * This file describes an incident in sentences, in the present tense while it is open and in the
 * past tense afterwards.
 */

const flows = (count: number): string =>
  `${count.toLocaleString()} ${count === 1 ? 'flow' : 'flows'}`;
const ms = (iso: string): number => Date.parse(iso);

/**
 * Phrases in titles that the server writes, each with its past tense. The title of an open incident
 * is shown as the server writes it, so that the page says the same as a mail or the command line.
 */
const PAST: readonly (readonly [said: RegExp, past: string])[] = [
  [/ (?:does|do) not come$/, ' did not come'],
  [/ does not react$/, ' did not react'],
  [/ fails? on /, ' failed on '],
  [/ fails$/, ' failed'],
  [/ is dead-lettered$/, ' was dead-lettered'],
  [/ is tried again and again$/, ' was tried again and again'],
  [/ happens twice$/, ' happened twice'],
  [/: nobody hears of (.+)$/, ': nobody heard of $1'],
  [/ takes no notifications$/, ' took no notifications'],
];

export function titleOf({ title, status }: Pick<Incident, 'title' | 'status'>): string {
  const phrase = status === 'open' ? undefined : PAST.find(([said]) => said.test(title));
  return phrase === undefined ? title : title.replace(...phrase);
}

/** Returns how many flows an incident affects, and since when, as text. */
export function extentOf(incident: Incident, now: number): string {
  const { status, count, openCount, firstAt, lastAt, resolvedAt, channel } = incident;
  const what = (n: number): string =>
    channel === null ? flows(n) : `${n} ${n === 1 ? 'notification' : 'notifications'}`;
  const since = absolute(ms(firstAt), now, 's');
  if (status === 'open')
    return count > openCount
      ? `${what(openCount)} of ${count.toLocaleString()}, since ${since}`
      : `${what(openCount)}, since ${since}`;
  const end = ms(resolvedAt ?? lastAt);
  const lasted = duration(Math.max(0, end - ms(firstAt)));
  return `${what(count)} from ${since} to ${absolute(end, now, 's')}, for ${lasted}`;
}

/** Returns whether the number of affected flows grows or falls, and at which rate, as text. */
export function movementOf(incident: Incident, now: number): string {
  const { status, drainPerMinute, etaAt, openCount } = incident;
  if (status === 'resolved') return 'over';
  if (now - ms(incident.trend[0]?.at ?? incident.firstAt) < JUST_MS) return 'just opened';
  const perMinute = growthPerMinute(incident, now);
  if (drainPerMinute !== null && perMinute <= 0) {
    const left = etaAt === null ? 0 : ms(etaAt) - now;
    const about = left > 0 ? `, clear in about ${duration(left)}` : '';
    return `draining, ${drainPerMinute.toLocaleString()} a minute${about}`;
  }
  if (perMinute > 0)
    return `growing, ${perMinute < 1 ? 'less than 1' : Math.round(perMinute).toLocaleString()} a minute`;
  return openCount === 0 ? 'over soon' : 'not draining';
}

/** Minimum age of an incident for which a rate is shown, ms. */
const JUST_MS = 30_000;
/** Length of the time over which the growth rate is measured, ms. */
const LOOK_BACK_MS = 300_000;

/**
 * Returns by how many flows per minute the incident has grown recently; negative if it has shrunk.
 */
export function growthPerMinute({ trend, openCount }: Incident, now: number): number {
  const first = trend[0];
  if (first === undefined) return 0;
  const from = Math.max(now - LOOK_BACK_MS, ms(first.at));
  const before = trend.filter(({ at }) => ms(at) <= from).at(-1)?.open ?? 0;
  return ((openCount - before) / Math.max(60_000, now - from)) * 60_000;
}

/**
 * Returns the suspected cause as sentences with readable times; null if there is none. For a
 * resolved incident, they are marked as a past statement. A question ends its sentence, and what
 * follows it begins another one.
 */
export function causeOf({ cause, status }: Incident, now: number): string | null {
  if (cause === null) return null;
  const parts = withTimes(cause, now).split(/(?<=\?); /);
  const sentence = parts
    .map(capital)
    .join(' ')
    .replace(/(?<![.?!])$/, '.');
  return status === 'open' ? sentence : `Said at the time: ${sentence}`;
}

/** Returns the distinct services of the incident. */
export const servicesOf = ({ parts }: Incident): string[] => [
  ...new Set(parts.flatMap(({ service }) => service ?? [])),
];

/** Returns the active silences that hold back the incident's notifications. */
export function silencesOf(
  incident: Incident,
  silences: readonly Silence[],
  now: number,
): Silence[] {
  const covers = ({ rule, flowType, service, incidentId }: Silence): boolean =>
    (incidentId === '' || incidentId === incident.id) &&
    incident.parts.every(
      (part) =>
        (rule === '' || rule === part.rule) &&
        (flowType === '' || flowType === part.flowType) &&
        (service === '' || service === part.service),
    );
  return silences.filter((one) => ms(one.until) > now && covers(one));
}

/** Returns the URL of the incident's flows in the explorer. */
export const flowsOf = ({ key }: Pick<Incident, 'key'>): string =>
  `/flows?incident=${encodeURIComponent(key)}`;

const SEVERITIES = ['critical', 'warning', 'info'];
/** Returns the incidents sorted by severity, and by number of flows within a severity. */
export const bySeverity = (incidents: readonly Incident[]): Incident[] =>
  [...incidents].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.openCount - a.openCount,
  );

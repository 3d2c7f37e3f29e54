import { causeKey } from '../../model/cause.ts';
import { ABSENCES, type Finding, type Severity } from '../../model/expectation.ts';
import {
  flowTypesOf,
  type Incident,
  type IncidentPart,
  type Unheard,
} from '../../model/incident.ts';
import { BUILT_IN_RULES, CHANNEL_RULE } from '../../model/rules.ts';
import type { MutableIncident } from './mutable-incident.ts';

/** Maximum number of parts of an incident. Further parts are not listed. */
const MAX_PARTS = 100;

export const isAbsence = ({ rule }: { rule: string }): boolean =>
  (ABSENCES as readonly string[]).includes(rule);

const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical'];

export const partOf = (
  { rule, severity, service, step }: Finding,
  flowType: string,
): IncidentPart => ({
  ...{ rule, severity, flowType, service, step },
});

/**
 * Adds a part to an incident: another flow type, step or rule with the same cause. Returns false if
 * the incident already has this part or too many parts.
 */
export function takeUp(incident: MutableIncident, part: IncidentPart): boolean {
  const { parts } = incident;
  const isKnown = parts.some(
    (one) =>
      one.rule === part.rule &&
      one.severity === part.severity &&
      one.flowType === part.flowType &&
      one.service === part.service &&
      one.step === part.step,
  );
  if (isKnown || parts.length >= MAX_PARTS) return false;
  parts.push(part);
  if (SEVERITIES.indexOf(part.severity) > SEVERITIES.indexOf(incident.severity))
    incident.severity = part.severity;
  return true;
}

/**
 * Sets the incident's title and cause from all its parts. `suspected` lists possible causes outside
 * of these flows, besides silent services. `overtaken` is how many messages the consumer took that
 * were sent later than those that it did not take.
 */
export function describe(
  incident: MutableIncident,
  suspected: readonly string[],
  overtaken = 0,
): void {
  incident.title = titleOf(incident);
  incident.cause =
    [causeOf(incident, overtaken), ...incident.unheard.map(unheardText), ...suspected]
      .filter((part) => part !== null)
      .join('; ') || null;
}
const unheardText = ({ service, since, until }: Unheard): string =>
  until === null
    ? `nothing has been heard of ${service} since ${new Date(since).toISOString()}`
    : `nothing was heard of ${service} from ${new Date(since).toISOString()} to ${new Date(until).toISOString()}`;

function titleOf(incident: Incident): string {
  const { rule, dependency, parts, place } = incident;
  const types = flowTypesOf(incident);
  const who =
    types.length <= 2
      ? types.join(' and ')
      : `${types[0]!} and ${types.length - 1} other flow types`;
  const what = distinct(
    parts.map(({ step, service }) =>
      // If neither a step nor a destination is known, the service itself is named as missing.
      (step ?? place) === null && service
        ? service
        : `${step ?? place ?? types[0]!}${service ? ` (${service})` : ''}`,
    ),
  );
  const services = distinct(parts.map(({ service }) => service ?? ''));
  const subject =
    what.length === 1
      ? what[0]!
      : services.length === 1 && services[0] !== ''
        ? services[0]!
        : `${what.length} steps`;
  const one = subject !== `${what.length} steps`;
  const isMissing = parts.every(isAbsence);
  if (dependency !== null) return `${who}: ${subject} ${one ? 'fails' : 'fail'} on ${dependency}`;
  if (isMissing)
    return `${who}: ${subject} ${!one ? 'do not come' : services.includes(subject) ? 'does not react' : 'does not come'}`;
  if (!isBuiltIn(rule) && parts.every(({ step, service }) => (step ?? service) === null))
    return `${rule}: ${place === null ? who : `${who}, ${place}`}`;
  const say = TITLES.get(rule);
  return `${who}: ${say ? say(subject) : `${rule.replaceAll('-', ' ')} at ${subject}`}`;
}
const isBuiltIn = (rule: string): boolean =>
  rule === CHANNEL_RULE || BUILT_IN_RULES.some(({ name }) => name === rule);

/**
 * Functions that make the title, by rule. The wording is for an operator who reads it at night. For
 * any other rule, the title contains the rule's name.
 */
const TITLES: ReadonlyMap<string, (what: string) => string> = new Map(
  Object.entries({
    'failed-step': (what: string) => `${what} fails`,
    'dead-letter': (what: string) => `${what} is dead-lettered`,
    'retry-storm': (what: string) => `${what} is tried again and again`,
    'duplicate-processing': (what: string) => `${what} happens twice`,
    'unhandled-failure': (what: string) => `nobody hears of ${what}`,
  }),
);

function causeOf(incident: Incident, overtaken: number): string | null {
  const { rule, dependency, service, place, parts } = incident;
  const services = distinct(parts.map((part) => part.service ?? ''));
  if (dependency !== null)
    return `errors ${services.length === 1 ? `of ${services[0]!}` : `of ${services.length} services`} name ${dependency}: is it up?`;
  // A consumer that took later messages runs, so it is not asked whether it does.
  const isUntaken = parts.some((part) => part.rule === 'undelivered-message');
  const lost = isUntaken ? lostOf(incident, overtaken) : null;
  const lacks = lacksOf(incident);
  if (lacks.length > 1 && lost !== null)
    return [lost, ...lacks.slice(1).map((lack) => `in other flows ${lack}`)].join('; ');
  if (lacks.length > 1) {
    const asked =
      services.length === 1 && services[0] !== '' ? `: is ${services[0]!} running?` : '';
    return `in some flows ${lacks.join(', in others ')}${asked}`;
  }
  if (lost !== null) return lost;
  if (rule === 'undelivered-message' && place)
    return `messages to ${place} are sent and not consumed: is ${service ?? 'the consumer'} running?`;
  if (rule === 'lost-step') return `${service ?? 'the service'} stopped in the middle, or hangs`;
  return isAbsence(incident) && service ? `${service} does not react` : null;
}

/** Returns that messages were lost, if their consumer took later ones; null if it took none. */
function lostOf({ place, service, openCount }: Incident, overtaken: number): string | null {
  if (!place || !service || overtaken === 0) return null;
  const later = `${service} took ${overtaken} later message${overtaken === 1 ? '' : 's'} of ${place}`;
  const lost = openCount > 1 ? 'these were lost or are' : 'this one was lost or is';
  return `${later}, so ${lost} held by an instance that ended`;
}

/**
 * Returns what the flows of an incident lack, each kind of absence in its own words, because the
 * cause of one kind need not be that of another. Untaken messages come first.
 */
const lacksOf = ({ parts, place }: Incident): string[] =>
  distinct(
    ABSENCES.flatMap((kind) => parts.find(({ rule }) => rule === kind) ?? []).map((part) =>
      lackOf(part, place),
    ),
  );

function lackOf({ rule, service, step }: IncidentPart, place: string | null): string {
  const who = service ?? 'a service';
  if (rule === 'undelivered-message' || rule === 'consumer-gone')
    return place ? `a message to ${place} is not consumed` : `${who} does not take a message`;
  if (rule === 'lost-step') return `${who} stopped in the middle, or hangs`;
  if (rule === 'missing-reply' || rule === 'orchestrator-silent') return `${who} does not answer`;
  return rule === 'flow-overdue' ? 'the whole takes too long' : `${step ?? who} does not come`;
}

const distinct = (list: readonly string[]): string[] => [...new Set(list)];

/**
 * Returns the names that identify the cause of an incident: a service that does not respond, or a
 * dependency that errors name. Incidents with a common name may have the same cause.
 *
 * A host is often named like its service. For an internal host, the name without the internal
 * domain is returned as well. A public host such as `api.pay.example` is not the service `api`.
 * Returns no name if one of several services is missing and it is unknown which.
 */
export function namesOf(incident: Incident): string[] {
  const { environment, flowType, dependency, key, service } = incident;
  const about = { rule: incident.rule, service, step: incident.step, place: incident.place };
  const isNamed =
    isAbsence(incident) && service !== null && causeKey(environment, flowType, about) === key;
  const names =
    dependency !== null ? [dependency, dependency.replace(INTERNAL, '')] : isNamed ? [service] : [];
  return distinct(names).map((name) => nameKey(environment, name));
}
const INTERNAL = /\.(.+\.)?(internal|local|localdomain|lan|intranet|corp|svc)$/;
export const nameKey = (environment: string, service: string): string =>
  `${environment}\0${service}`;

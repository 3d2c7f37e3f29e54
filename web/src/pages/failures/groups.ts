import type {
  FailureGroup,
  FailuresAnswer,
  ServiceSummary,
  TrendAnswer,
} from '@fermata/server/contract';
import { counted } from '@fermata/server/words';

/**
 * The same failure in the other flows of a comparison: the share of flows that have it, and their
 * URL.
 */
export interface Before {
  share: number;
  list: string;
}

export const SORTS = [
  ['flows', 'Most flows'],
  ['last', 'Last seen'],
  ['first', 'Newest'],
  ['count', 'Most attempts'],
] as const;
export type Sort = (typeof SORTS)[number][0];
export const readSort = (text: string | null): Sort =>
  SORTS.find(([name]) => name === text)?.[0] ?? 'flows';

const ORDERS: Record<Sort, (group: FailureGroup) => number> = {
  flows: ({ flows }) => flows,
  last: ({ lastAt }) => Date.parse(lastAt),
  first: ({ firstAt }) => Date.parse(firstAt),
  count: ({ count }) => count,
};

/** Choices of which failures are shown, by the state that the team has set. */
export const STATES = [
  ['todo', 'Not resolved'],
  ['open', 'Open'],
  ['acknowledged', 'Acknowledged'],
  ['resolved', 'Resolved'],
] as const;
export type State = (typeof STATES)[number][0];
export const readState = (text: string | null): State =>
  STATES.find(([name]) => name === text)?.[0] ?? 'todo';

const SHOWN: Record<State, readonly FailureGroup['status'][]> = {
  todo: ['open', 'acknowledged', 'regressed'],
  open: ['open', 'regressed'],
  acknowledged: ['acknowledged'],
  resolved: ['resolved'],
};

export const shownOf = (
  groups: readonly FailureGroup[],
  state: State,
  sort: Sort,
): FailureGroup[] =>
  groups
    .filter(({ status }) => SHOWN[state].includes(status))
    .sort((a, b) => ORDERS[sort](b) - ORDERS[sort](a));

/** Returns the choices of states, each with the number of groups in it. */
export const statesOf = (groups: readonly FailureGroup[]): [State, string][] =>
  STATES.map(([name, label]) => [name, `${label} ${shownOf(groups, name, 'flows').length}`]);

/** Returns the title of a group: `HTTP 502`, `CardDeclined: card of <n> is declined`. */
export function titleOf({ error: { type, message } }: FailureGroup): string {
  const name = /^[1-5]\d\d$/.test(type) ? `HTTP ${type}` : type;
  return [name, message].filter((part) => part !== '').join(': ') || 'Failed without an error';
}

export const placeOf = ({ step, service }: FailureGroup): string => `${step} (${service})`;

export function headline({ items, others, population }: FailuresAnswer): string {
  const [first] = items.toSorted((a, b) => b.flows - a.flows);
  if (first === undefined)
    return population.used === 1 ? 'This flow has no failure.' : 'No step failed in these flows.';
  if (items.length + others.groups === 1)
    return `One kind of failure, in ${placeOf(first)}: ${titleOf(first)}`;
  const kinds = counted(items.length + others.groups, 'kind');
  return `${kinds} of failure. The most frequent, in ${placeOf(first)}: ${titleOf(first)}`;
}

/**
 * Returns the versions in which the failure occurs if the service also has versions without it.
 * Such versions show with which release the failure began or ended. Otherwise returns an empty
 * list.
 */
export function onlyIn(group: FailureGroup, services: readonly ServiceSummary[]): string[] {
  const known = services.flatMap(({ name, versions }) => (name === group.service ? versions : []));
  const failing = group.versions.map(({ version }) => version);
  const isElsewhere = known.some((version) => !failing.includes(version));
  return failing.length > 0 && isElsewhere ? failing : [];
}

/** Returns the number of flows with each status, summed over all buckets of a trend. */
export function outcomesOf({ buckets }: TrendAnswer): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { counts } of buckets)
    for (const [status, flows] of Object.entries(counts))
      sums[status] = (sums[status] ?? 0) + flows;
  return sums;
}

const MIN_PART = 4;
const MAX_PART = 120;

/**
 * Returns a query by which an alert rule finds this failure in future flows. The group itself
 * cannot be named in a rule, so the query names the step, the service, and the longest constant
 * part of the error message.
 */
export function ruleQueryOf({ step, service, error }: FailureGroup): string {
  const part = error.message
    .split(/<[a-z]+>|"/)
    .map((text) => text.trim().slice(0, MAX_PART))
    .reduce((longest, text) => (text.length > longest.length ? text : longest), '');
  const text = part.length >= MIN_PART ? part : error.type.replaceAll('"', '');
  return [
    `failed:${quoted(step)}`,
    `service:${quoted(service)}`,
    ...(text === '' ? [] : [`error:"${text}"`]),
  ].join(' ');
}
/**
 * Quotes a name for the query language. Quotation marks cannot be escaped in it, so they are
 * replaced by the wildcard `*`.
 */
const quoted = (name: string): string => `"${name.replaceAll('"', '*')}"`;

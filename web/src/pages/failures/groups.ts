import type {
  FailureGroup,
  FailuresAnswer,
  ServiceSummary,
  TrendAnswer,
} from '@fermata/server/contract';
import { counted } from '@fermata/server/words';

/** A failure among the flows that are compared with: their share, and the address of them. */
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

/** What is shown of failures, by what people said of them. */
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

/** Returns the states with how many groups each has. */
export const statesOf = (groups: readonly FailureGroup[]): [State, string][] =>
  STATES.map(([name, label]) => [name, `${label} ${shownOf(groups, name, 'flows').length}`]);

/** Returns what failed: `HTTP 502`, `CardDeclined: card of <n> is declined`. */
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
    return `One kind of failure: ${titleOf(first)} in ${placeOf(first)}.`;
  const kinds = counted(items.length + others.groups, 'kind');
  return `${kinds} of failure. The most frequent is ${titleOf(first)} in ${placeOf(first)}.`;
}

/**
 * Returns the versions of the service in which alone a failure occurs, if the service has others:
 * what the failure began or ended with. Empty if that is not so.
 */
export function onlyIn(group: FailureGroup, services: readonly ServiceSummary[]): string[] {
  const known = services.flatMap(({ name, versions }) => (name === group.service ? versions : []));
  const failing = group.versions.map(({ version }) => version);
  const isElsewhere = known.some((version) => !failing.includes(version));
  return failing.length > 0 && isElsewhere ? failing : [];
}

/** Returns how many flows of a trend by status have each status. */
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
 * Returns a query that finds this failure in flows to come, for a rule of alerts. A trait cannot be
 * asked for there, so it names the step, the service, and the longest part of the error that does
 * not vary.
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
/** Quotation marks cannot be written within a quotation; the asterisk stands for anything. */
const quoted = (name: string): string => `"${name.replaceAll('"', '*')}"`;

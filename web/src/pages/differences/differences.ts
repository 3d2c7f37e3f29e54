import type { Difference, DifferencesAnswer } from '@fermata/server/contract';
import {
  comparedFilter,
  comparisonProblem,
  flowsAddress,
  isCompared,
  type Comparison,
} from '../../data/compare.ts';
import type { Filter } from '../../data/filter.ts';
import { spanOf } from '../../data/scope.ts';
import { statusText } from '../../ui/format.ts';
import { percent } from '../../ui/change.ts';
import { counted } from '@fermata/server/words';

/**
 * Returns the filter with status and service moved into the query. The server compares the flows
 * that match the query with the other flows of the filter, so both must be part of the query.
 */
export function asked(filter: Filter): Filter {
  const parts = [
    ...(filter.status === '' ? [] : [statusQuery(filter.status)]),
    ...(filter.service === '' ? [] : [`service:${quoted(filter.service)}`]),
  ];
  if (parts.length === 0) return filter;
  const q = [...(filter.q.trim() === '' ? [] : [`(${filter.q.trim()})`]), ...parts].join(' ');
  return { ...filter, q, status: '', service: '' };
}

function statusQuery(statuses: string): string {
  const all = statuses.split(',').map((status) => `status:${status}`);
  return all.length === 1 ? all[0]! : `(${all.join(' or ')})`;
}
const quoted = (text: string): string =>
  /^[\w.-]+$/.test(text) ? text : `"${text.replaceAll('"', '*')}"`;

/**
 * Returns whether there are other flows with which the filter's flows can be compared. All time has
 * no time before it: such a comparison alone is none.
 */
export const canCompare = (filter: Filter, comparison: Comparison, nowMs: number): boolean =>
  (isCompared(comparison) && comparisonProblem(filter, comparison, nowMs) === null) ||
  asked(filter).q.trim() !== '' ||
  spanOf(filter, nowMs).fromMs !== null;

/** Returns a filter for the other flows with which the server has compared the filter's flows. */
export function elsewhereOf(
  filter: Filter,
  comparison: Comparison,
  is: DifferencesAnswer['against']['is'],
  nowMs: number,
): Filter {
  if (is === 'the rest') return { ...filter, q: `not (${filter.q.trim()})` };
  if (is === 'asked for') return comparedFilter(filter, comparison, nowMs);
  return comparedFilter(filter, { against: '', compare: 'before' }, nowMs);
}

/**
 * Returns the URL of those other flows that have a value. `q` is the query for the value in the
 * filter `here`, so the query of `here` is replaced by that of `elsewhere`.
 */
export function elsewhereAddress({ q }: Difference, here: Filter, elsewhere: Filter): string {
  const value = here.q.trim() === '' ? q : q.slice(`(${here.q.trim()}) `.length);
  const others = elsewhere.q.trim();
  return flowsAddress(elsewhere, others === '' ? value : `(${others}) ${value}`);
}

/** Suggestions for a first comparison, each with the URL parameters that it sets. */
export const OFFERS: readonly (readonly [label: string, changes: Record<string, string>])[] = [
  ['Stuck flows against the rest', { q: 'status:stuck' }],
  ['Failed flows against the rest', { q: 'status:failed' }],
  ['Today against yesterday', { range: 'today', from: '', to: '', compare: 'yesterday' }],
];

const FIELDS: Record<Difference['field'], string> = {
  attribute: 'attribute',
  key: 'key',
  version: 'version',
  instance: 'instance',
  service: 'service',
  step: 'step',
  message: 'message',
  failure: 'failure',
  status: 'status',
  type: 'flow type',
};
export const fieldText = (field: Difference['field']): string => FIELDS[field];

/** Returns a name for the filter's flows in a sentence: `stuck flows`, or just `flows`. */
export function nameOf({ q, type }: Filter): string {
  const [, status] = /^status:(\w+)$/.exec(q.trim()) ?? [];
  const kind = type === '' ? 'flows' : `flows of ${type}`;
  return status === undefined ? kind : `${statusText(status)} ${kind}`;
}

/** Returns a value without a colon at its end, which failures without a message have. */
export const valueText = (value: string): string => value.replace(/[:\s]+$/, '');

/**
 * Removes differences that follow from the query itself, such as the status if the query asks for
 * it.
 */
export const tellingOf = (items: readonly Difference[], { q }: Filter): Difference[] =>
  items.filter(({ field, value }) => !q.includes(`${field}:${value}`));

/** Returns the value as a phrase about flows: `have mailer 2.4.0`. */
function predicate({ field, value: raw }: Difference): string {
  const value = valueText(raw);
  if (field === 'status') return `are ${statusText(value)}`;
  if (field === 'type') return `are of type ${value}`;
  if (field === 'step') return `have the step ${value}`;
  if (field === 'failure') return `failed in ${value}`;
  return `have ${value}`;
}

/** Returns a sentence about the most significant difference. */
export function headline(
  { population }: DifferencesAnswer,
  items: readonly Difference[],
  name: string,
): string {
  const [first] = items;
  if (population.used === 0) return `No ${name} to compare.`;
  if (first === undefined) return `Nothing sets these ${counted(population.used, 'flow')} apart.`;
  const who =
    population.used === 1
      ? `1 ${name.replace('flows', 'flow')}`
      : `${population.used.toLocaleString()} ${name}`;
  return `Of ${who}, ${percent(first.share)} ${predicate(first)}; elsewhere ${percent(first.baselineShare)}.`;
}

const WITH: Record<DifferencesAnswer['against']['is'], string> = {
  'asked for': '',
  'the rest': 'the other flows of the same filter',
  'the time before': 'the same length of time before',
};

/** Describes the other flows. `chosen` names the comparison that the reader chose. */
export function comparedText({ against }: DifferencesAnswer, chosen: string): string {
  const what = WITH[against.is] || chosen || 'the flows that were asked for';
  return `Compared with ${counted(against.used, 'flow')}: ${what}`;
}

/** Returns by which factor a value is more frequent in the filter's flows, as text. */
export function liftText({ lift, share }: Difference): string {
  if (lift === null) return 'only here';
  if (share === 0) return 'only there';
  return `×${lift >= 10 ? Math.round(lift).toLocaleString() : lift.toFixed(1)}`;
}

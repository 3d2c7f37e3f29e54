import type { Difference, DifferencesAnswer } from '@fermata/server/contract';
import { comparedFilter, flowsAddress, isCompared, type Comparison } from '../../data/compare.ts';
import type { Filter } from '../../data/filter.ts';
import { spanOf } from '../../data/scope.ts';
import { statusText } from '../../ui/format.ts';
import { percent } from '../../ui/change.ts';
import { counted } from '@fermata/server/words';

/**
 * Returns the filter with what can be compared as its query: flows that a query finds are compared
 * with the others of the same filter, so a status or a service has to become part of the query.
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

/** Returns whether there is something that the flows of a filter can be compared with. */
export const canCompare = (filter: Filter, comparison: Comparison, nowMs: number): boolean =>
  isCompared(comparison) || asked(filter).q.trim() !== '' || spanOf(filter, nowMs).fromMs !== null;

/** Returns the filter of the flows that an answer for `filter` compares with. */
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

/** Returns the address of the flows elsewhere that have a value; its query names those here. */
export function elsewhereAddress({ q }: Difference, here: Filter, elsewhere: Filter): string {
  const value = here.q.trim() === '' ? q : q.slice(`(${here.q.trim()}) `.length);
  const others = elsewhere.q.trim();
  return flowsAddress(elsewhere, others === '' ? value : `(${others}) ${value}`);
}

/** Comparisons that are offered where there is none, with what they change in the address. */
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

/** Returns what the flows are called in a sentence: `stuck flows`, if they all are. */
export function nameOf({ q, type }: Filter): string {
  const [, status] = /^status:(\w+)$/.exec(q.trim()) ?? [];
  const kind = type === '' ? 'flows' : `flows of ${type}`;
  return status === undefined ? kind : `${statusText(status)} ${kind}`;
}

/** Returns a value without the colon at its end that a failure without a message has. */
export const valueText = (value: string): string => value.replace(/[:\s]+$/, '');

/** Returns the differences without those that the query itself makes. */
export const tellingOf = (items: readonly Difference[], { q }: Filter): Difference[] =>
  items.filter(({ field, value }) => !q.includes(`${field}:${value}`));

/** Returns what is said of a flow that has the value: `have mailer 2.4.0`. */
function predicate({ field, value: raw }: Difference): string {
  const value = valueText(raw);
  if (field === 'status') return `are ${statusText(value)}`;
  if (field === 'type') return `are of type ${value}`;
  if (field === 'step') return `have the step ${value}`;
  if (field === 'failure') return `failed in ${value}`;
  return `have ${value}`;
}

/** Returns the most telling difference in a sentence. */
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

/** Returns what the flows are compared with; `chosen` is what the reader chose, in words. */
export function comparedText({ against }: DifferencesAnswer, chosen: string): string {
  const what = WITH[against.is] || chosen || 'the flows that were asked for';
  return `compared with ${counted(against.used, 'flow')}: ${what}`;
}

/** Returns how much more frequent a value is here. */
export function liftText({ lift, share }: Difference): string {
  if (lift === null) return 'only here';
  if (share === 0) return 'only there';
  return `×${lift >= 10 ? Math.round(lift).toLocaleString() : lift.toFixed(1)}`;
}

import { toQuery, type Filter } from './filter.ts';
import { spanBefore, spanOf, type Span } from './scope.ts';

/**
 * Describes the other flows with which the flows of a filter are compared. It is kept in the URL.
 */
export interface Comparison {
  /** Query of the other flows; empty if it is the filter's own query. */
  against: string;
  /** Time range of the other flows; empty if it is the filter's own. */
  compare: '' | keyof typeof TIMES;
}

/** Time ranges to compare with, each with its name in a menu and within a sentence. */
const TIMES = {
  before: ['The time before', 'the time before'],
  yesterday: ['Yesterday', 'yesterday'],
  lastweek: ['Last week', 'last week'],
} as const;
const DAYS = { yesterday: 1, lastweek: 7 } as const;

export const COMPARED_TIMES = Object.entries(TIMES).map(
  ([name, [label]]) => [name as keyof typeof TIMES, label] as const,
);

export function readComparison(query: URLSearchParams): Comparison {
  const compare = query.get('compare') ?? '';
  return {
    against: (query.get('against') ?? '').trim(),
    compare: Object.hasOwn(TIMES, compare) ? (compare as keyof typeof TIMES) : '',
  };
}

export const isCompared = ({ against, compare }: Comparison): boolean =>
  against !== '' || compare !== '';

/**
 * Returns the comparison's name for use in a sentence, such as `yesterday`; empty if there is no
 * comparison.
 */
export function comparisonText({ against, compare }: Comparison): string {
  if (compare !== '') return TIMES[compare][1];
  return against === '' ? '' : 'the other flows';
}

/** Returns a message that says why the flows cannot be compared; null if they can be. */
export function comparisonProblem(
  filter: Filter,
  { compare }: Comparison,
  nowMs: number,
): string | null {
  if (compare === '' || spanOf(filter, nowMs).fromMs !== null) return null;
  return 'All time has no time before it. Choose a time range to compare it with another.';
}

/**
 * Returns the API parameters for the other flows of a comparison, computed for the time `nowMs`.
 */
export function comparisonParameters(
  filter: Filter,
  { against, compare }: Comparison,
  nowMs: number,
): Record<string, string> {
  const span = compare === '' ? null : comparedSpan(spanOf(filter, nowMs), compare, nowMs);
  return {
    ...(against !== '' && { against }),
    ...(span !== null && {
      'against.from': new Date(span.fromMs!).toISOString(),
      'against.to': new Date(span.toMs!).toISOString(),
    }),
  };
}

/** Returns the API parameters for a filter and the comparison with other flows. */
export function lensQuery(filter: Filter, comparison: Comparison, nowMs: number): URLSearchParams {
  const query = toQuery(filter, nowMs);
  for (const [name, value] of Object.entries(comparisonParameters(filter, comparison, nowMs)))
    query.set(name, value);
  return query;
}

/** Returns a text that changes with the filter or the comparison. An `Answer` is then reloaded. */
export const lensName = (filter: Filter, comparison: Comparison): string =>
  JSON.stringify([filter, comparison]);

/**
 * Returns the URL of the list of flows that match both the filter and the query `q`. The server
 * sends such a query with each number, so that the number can be a link.
 */
export function flowsAddress(filter: Filter, q: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, q }))
    if (value !== '') query.set(name, value);
  return query.size === 0 ? '/flows' : `/flows?${query}`;
}

/**
 * Returns a filter for the other flows of a comparison, so that their numbers can be links to lists
 * too. Its time range is absolute, because a relative one such as `1h` always ends now.
 */
export function comparedFilter(
  filter: Filter,
  { against, compare }: Comparison,
  nowMs: number,
): Filter {
  const q = against === '' ? filter.q : against;
  const span = compare === '' ? null : comparedSpan(spanOf(filter, nowMs), compare, nowMs);
  if (span === null) return { ...filter, q };
  const [from, to] = [span.fromMs, span.toMs].map((ms) => new Date(ms!).toISOString());
  return { ...filter, q, range: '', from: from!, to: to! };
}

/**
 * Removes the comparison from an answer if there are no other flows. Otherwise everything would be
 * shown as new or longer.
 */
export function comparable<Answer extends { against?: { population: { used: number } } }>(
  answer: Answer,
): Answer {
  if (answer.against === undefined || answer.against.population.used > 0) return answer;
  const { against: _against, ...alone } = answer;
  return alone as Answer;
}

/**
 * Returns the time range of the other flows; null if the filter's range has no start. Days are
 * counted in the reader's time zone, so that 9 o'clock is compared with 9 o'clock across a change
 * of the clocks.
 */
function comparedSpan(span: Span, compare: keyof typeof TIMES, nowMs: number): Span | null {
  if (span.fromMs === null) return null;
  if (compare === 'before') return spanBefore(span, nowMs);
  const days = DAYS[compare];
  return { fromMs: daysBefore(span.fromMs, days), toMs: daysBefore(span.toMs ?? nowMs, days) };
}

function daysBefore(ms: number, days: number): number {
  const day = new Date(ms);
  day.setDate(day.getDate() - days);
  return day.getTime();
}

import { toQuery, type Filter } from './filter.ts';
import { spanBefore, spanOf, type Span } from './scope.ts';

/** What the flows of a filter are compared with. It is kept in the address, as the filter is. */
export interface Comparison {
  /** Query of the other flows; '' for that of the filter. */
  against: string;
  /** Time of the other flows; '' for that of the filter. */
  compare: '' | keyof typeof TIMES;
}

/** Times that are offered, with what they are called in a menu and in a sentence. */
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

/** Returns what is compared with, as it stands in a sentence: `yesterday`; '' for nothing. */
export function comparisonText({ against, compare }: Comparison): string {
  if (compare !== '') return TIMES[compare][1];
  return against === '' ? '' : 'the other flows';
}

/** Returns why the flows cannot be compared; null if they can be. */
export function comparisonProblem(
  filter: Filter,
  { compare }: Comparison,
  nowMs: number,
): string | null {
  if (compare === '' || spanOf(filter, nowMs).fromMs !== null) return null;
  return 'All time has no time before it. Choose a time range to compare it with another.';
}

/** Returns the parameters of a lens that a comparison stands for at `nowMs`. */
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

/** Returns the parameters of a lens for a filter and what it is compared with. */
export function lensQuery(filter: Filter, comparison: Comparison, nowMs: number): URLSearchParams {
  const query = toQuery(filter, nowMs);
  for (const [name, value] of Object.entries(comparisonParameters(filter, comparison, nowMs)))
    query.set(name, value);
  return query;
}

/** Names the question that a lens answers (see `Answer`): equal as long as the question is. */
export const lensName = (filter: Filter, comparison: Comparison): string =>
  JSON.stringify([filter, comparison]);

/**
 * Returns the address of the list of flows that a query finds in a filter. A lens gives such a
 * query with each number.
 */
export function flowsAddress(filter: Filter, q: string): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...filter, q }))
    if (value !== '') query.set(name, value);
  return query.size === 0 ? '/flows' : `/flows?${query}`;
}

/**
 * Returns the filter of the flows that are compared with, so that their numbers lead to a list,
 * too. Its time is absolute, because no name of a relative time means it.
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
 * Returns the answer of a lens without the other flows if there are none: everything would be new
 * or longer then.
 */
export function comparable<Answer extends { against?: { population: { used: number } } }>(
  answer: Answer,
): Answer {
  if (answer.against === undefined || answer.against.population.used > 0) return answer;
  const { against: _against, ...alone } = answer;
  return alone as Answer;
}

/**
 * Returns the time that is compared with; null if the time has no start. Days are those of the
 * reader's time zone, so that 9 o'clock is compared with 9 o'clock when clocks change.
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

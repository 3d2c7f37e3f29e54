import { z } from 'zod';
import { FermataError } from '../../base/errors.ts';
import type { LensPopulation } from '../../contract/index.ts';
import type { FlowSearch } from '../../model/search.ts';
import { nanosFromMs } from '../../model/time.ts';
import type { Measured, Population } from '../../store/index.ts';
import { parseQuery } from '../language/parse.ts';
import { readInstant } from '../parameters.ts';
import { iso } from '../present.ts';
import { LIST_ONLY, MAX_QUERY, readSearch, searchSchema } from '../search.ts';

/**
 * Parameters of every lens: the filter of a list of flows, and a second population to compare with.
 */
export const lensSchema = searchSchema.omit(LIST_ONLY).extend({
  against: z
    .string()
    .max(MAX_QUERY)
    .optional()
    .describe('A query: the flows of the same filter that are compared with'),
  'against.from': searchSchema.shape.from.describe('Start of the time that is compared with'),
  'against.to': searchSchema.shape.to.describe('Its end'),
});
type Parameters = z.infer<typeof lensSchema>;
const FILTER = Object.keys(searchSchema.omit(LIST_ONLY).shape);

/**
 * A request to a lens: the population, and the one to compare it with; null if none was asked for.
 */
export interface Asked {
  search: FlowSearch;
  /** The query as it was written. Queries in the answer extend it. */
  q: string;
  against: { search: FlowSearch; q: string } | null;
}

/** Reads the parameters that all lenses have in common. */
export function readAsked(parameters: Parameters, nowMs: number): Asked {
  const filter = Object.fromEntries(
    FILTER.map((name) => [name, parameters[name as keyof Parameters]]),
  );
  const search = readSearch(withoutUndefined(filter), nowMs);
  const { q = '', against, 'against.from': from, 'against.to': to } = parameters;
  if (against === undefined && from === undefined && to === undefined)
    return { search, q, against: null };
  const { query: _query, from: _from, to: _to, ...others } = search;
  const tree = against === undefined ? (search.query ?? null) : parseQuery(against, nowMs);
  const start = from === undefined ? search.from : readInstant(from);
  const end = to === undefined ? search.to : readInstant(to);
  return {
    search,
    q,
    against: {
      q: against ?? q,
      search: {
        ...others,
        ...(tree && { query: tree }),
        ...(start !== undefined && { from: start }),
        ...(end !== undefined && { to: end }),
      },
    },
  };
}

/**
 * Returns the population with which a request without `against` is compared. If the request has a
 * query, these are the flows of the same filter that the query does not find. Otherwise they are
 * the flows of the period of the same length before.
 */
export function otherwise({ search, q }: Asked): {
  is: 'the rest' | 'the time before';
  search: FlowSearch;
  q: string;
} {
  const { query, from, to } = search;
  if (query !== undefined)
    return {
      is: 'the rest',
      search: { ...search, query: { kind: 'not', of: query } },
      q: `not (${q})`,
    };
  if (from === undefined || to === undefined || to <= from)
    throw new FermataError('query.invalid', 'there is nothing to compare with', {
      hint: 'Give q (compared with the rest), from and to (with the time before), or against.',
    });
  const length = to - from;
  const before = nanosFromMs(Math.max(0, Number((from - length) / 1_000_000n)));
  return { is: 'the time before', search: { ...search, from: before, to: from }, q };
}

/** Returns the query that finds the flows of a population that have the trait. */
export const queryOf = (q: string, part: string): string =>
  q.trim() === '' ? part : `(${q.trim()}) ${part}`;

/**
 * Returns a value in the syntax of queries. The syntax has no escapes, so a quotation mark in the
 * value is replaced by a wildcard.
 */
export const quoted = (value: string): string =>
  /^[\w.-]+$/.test(value) ? value : `"${value.replaceAll('"', '*')}"`;

/** Returns the fields about the population that every answer of a lens has. */
export const present = ({
  total,
  used,
  open,
  isSampled,
  firstAt,
  lastAt,
  nowMs,
}: Population): { population: LensPopulation; asOf: string } => ({
  population: {
    ...{ total, used, open, sampled: isSampled },
    from: total === 0 ? null : iso(firstAt),
    to: total === 0 ? null : iso(lastAt),
  },
  asOf: iso(nowMs),
});

/** Rounds quantiles to microseconds, because further digits are only noise of floating point. */
export const presentQuantiles = (of: Measured): Measured => ({
  ...{ p50: micros(of.p50), p90: micros(of.p90), p95: micros(of.p95), p99: micros(of.p99) },
  ...{ max: micros(of.max), count: of.count },
});
export const micros = (ms: number): number => Math.round(ms * 1000) / 1000;

const withoutUndefined = (object: object): object =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

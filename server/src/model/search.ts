import type { Status } from './flow.ts';
import { later, nanosFromMs, type UnixNanos } from './time.ts';

/**
 * Syntax tree of a query for flows. `query/language/parse.ts` parses the query,
 * `store/sql/search.sql.ts` translates the tree into SQL, and `search-match.ts` evaluates it in
 * memory. A test checks that SQL and memory find the same flows.
 */
export type Query =
  | { kind: 'and' | 'or'; of: Query[] }
  | { kind: 'not'; of: Query }
  | { kind: 'field'; field: TextField; value: string }
  | { kind: 'number'; field: NumberField; op: Comparison; value: number }
  /**
   * Compares the duration of a flow, or its duration so far, with the usual duration of its type.
   */
  | { kind: 'usual'; op: Comparison; quantile: UsualQuantile }
  | { kind: 'text'; text: string }
  | { kind: 'time'; op: 'since' | 'before'; atMs: number }
  /** Matches flows that have a trait (`analyze/trait.ts`), given by its id in hexadecimal. */
  | { kind: 'trait'; id: string }
  /** Matches flows with a span that has this attribute, itself or in its resource. */
  | { kind: 'attribute'; name: string; value: string }
  /**
   * Matches if the step or message `then` follows `first`, within `withinMs` if given. With `not`,
   * matches if `then` did not follow `first` in this time and the time has passed.
   */
  | { kind: 'order'; first: string; then: string; withinMs: number | null; not: boolean };

/**
 * Text fields of a query, with descriptions. A field matches if its value equals the given text,
 * regardless of case. `*` matches any text.
 */
export const TEXT_FIELDS = {
  status: 'what a list says of the flow',
  health: 'ok, late or stuck',
  outcome: 'how it ended',
  type: 'flow type',
  service: 'a service that took part',
  environment: 'deployment environment',
  key: 'explicit flow id or business key',
  id: 'flow id, former id, or a trace of it',
  step: 'a step that ran',
  failed: 'a step that failed',
  error: 'a part of an error, type or message',
  missing: 'a step that is awaited',
  message: 'a message type or destination',
  finding: 'a rule that has something to say',
  badge: 'a badge',
  parent: 'id of the parent flow',
} as const;
/**
 * Returns whether the text has the form of a trace id or a flow id (`flowIdOf`), which people may
 * copy from a log or a URL.
 */
export const isId = (text: string): boolean =>
  /^[0-9a-f]{24}(?:[0-9a-f]{8}(?:-[0-9a-f]{16})?)?(?:\.\d+)?$/i.test(text);
export type TextField = keyof typeof TEXT_FIELDS;

/**
 * Returns whether a field matches if its value only contains the given text. Other fields must
 * match as a whole.
 */
const isPartial = (field: TextField): boolean => field === 'error';
/** Returns the pattern that the value of the field must match. */
export const patternOf = (field: TextField, value: string): string =>
  isPartial(field) ? `*${value}*` : value;

/**
 * Returns whether only the store can evaluate the query. Such a query cannot be a rule, because
 * rules are evaluated in memory when a flow changes.
 */
export const needsStore = (query: Query): boolean =>
  query.kind === 'trait' ||
  query.kind === 'attribute' ||
  query.kind === 'usual' ||
  (query.kind === 'not' ? needsStore(query.of) : 'of' in query && query.of.some(needsStore));

/** Number fields of a query, with descriptions. Durations are in ms. */
export const NUMBER_FIELDS = {
  duration: 'start to end, or to now',
  quiet: 'since its last progress',
  wait: 'longest wait of a message',
  retries: 'most attempts of one step, less one',
  steps: 'number of steps',
  failures: 'number of failed steps',
  spans: 'number of spans',
  run: 'number of the run',
} as const;
export type NumberField = keyof typeof NUMBER_FIELDS;
export const DURATIONS: ReadonlySet<NumberField> = new Set(['duration', 'quiet', 'wait']);
/** Usual durations of a flow type that a query can refer to: the median and the 95th percentile. */
export const USUAL_QUANTILES = ['p50', 'p95'] as const;
export type UsualQuantile = (typeof USUAL_QUANTILES)[number];
export type Comparison = '>' | '>=' | '<' | '<=' | '=';

/** Selects the flows of a list. A flow must match every field that is present. */
export interface FlowSearch {
  query?: Query;
  types?: string[];
  statuses?: Status[];
  services?: string[];
  environments?: string[];
  /** Business key that the flows have, as `name=value` or as the value alone. */
  key?: string;
  /** Keys of an incident whose flows are selected. */
  incidents?: string[];
  /** Start of a range of time in which the flows started. `to` is its end, exclusive. */
  from?: UnixNanos;
  to?: UnixNanos;
  /** Order of the list. Newest flow first if absent. */
  order?: FlowOrder;
  limit: number;
  /** Position of the last flow on the previous page, in the same order. */
  after?: FlowPosition;
}

/**
 * Returns the start of the time that a search asks for: the later one of its `from` and of what its
 * query demands with `since:`; null if flows of any age match.
 */
export function startOfSearch({ from, query }: FlowSearch): UnixNanos | null {
  const starts = demandsOf(query).flatMap((part) =>
    isStart(part) ? [nanosFromMs(part.atMs)] : [],
  );
  return [...starts, ...(from === undefined ? [] : [from])].reduce<UnixNanos | null>(
    (latest, one) => (latest === null ? one : later(latest, one)),
    null,
  );
}

/** Returns the search without its start (`startOfSearch`), so that it finds earlier flows, too. */
export function withoutStart({ from: _from, query, ...search }: FlowSearch): FlowSearch {
  const demands = demandsOf(query);
  const others = demands.filter((part) => !isStart(part));
  if (query === undefined || others.length === 0) return search;
  const rest = others.length === demands.length ? query : { kind: 'and' as const, of: others };
  return { ...search, query: rest };
}

/**
 * Returns the search without what it demands by comparison with what is usual; null if it compares
 * nothing with it.
 */
export function withoutUsual({ query, ...search }: FlowSearch): FlowSearch | null {
  const demands = demandsOf(query);
  const others = demands.filter((part) => !comparesUsual(part));
  if (others.length === demands.length) return null;
  return others.length === 0 ? search : { ...search, query: { kind: 'and', of: others } };
}
const comparesUsual = (query: Query): boolean =>
  query.kind === 'usual' ||
  (query.kind === 'not' ? comparesUsual(query.of) : 'of' in query && query.of.some(comparesUsual));

/** Returns the search, restricted to flows for whose type it is known what is usual. */
export function whereUsualIsKnown({ query, ...search }: FlowSearch): FlowSearch {
  const usual = { kind: 'usual' as const, quantile: 'p50' as const };
  // Nothing is longer or shorter than what is not known.
  const isKnown: Query = {
    kind: 'or',
    of: [
      { ...usual, op: '>=' },
      { ...usual, op: '<' },
    ],
  };
  return {
    ...search,
    query: query === undefined ? isKnown : { kind: 'and', of: [query, isKnown] },
  };
}

/**
 * Returns the search for all flows of the same types and environments, whenever they started and
 * whatever they did.
 */
export function allAlike({ types, environments, query }: FlowSearch): FlowSearch {
  const demands = demandsOf(query).filter(isOfKind);
  return {
    limit: 1,
    ...(types && { types }),
    ...(environments && { environments }),
    ...(demands.length > 0 && { query: { kind: 'and', of: demands } }),
  };
}
const isOfKind = (part: Query): boolean =>
  part.kind === 'field'
    ? part.field === 'type' || part.field === 'environment'
    : 'of' in part && [part.of].flat().every(isOfKind);

/** Returns the parts of a query all of which a flow has to match. */
const demandsOf = (query: Query | undefined): Query[] =>
  query?.kind === 'and' ? query.of.flatMap(demandsOf) : query === undefined ? [] : [query];
const isStart = (part: Query): part is Extract<Query, { kind: 'time' }> =>
  part.kind === 'time' && part.op === 'since';

/** Maximum number of flows that are found by one name. */
export const MAX_NAMED = 100;

/** Values by which lists of flows can be sorted: start, duration, last progress, longest wait. */
export const FLOW_SORTS = ['started', 'duration', 'activity', 'waiting'] as const;
export interface FlowOrder {
  by: (typeof FLOW_SORTS)[number];
  /**
   * True for ascending order. If false, the newest flow, or the one with the longest duration or
   * wait, comes first.
   */
  ascends: boolean;
}

/**
 * Position of a flow in a list. `value` is the value by which the list is sorted. Durations of open
 * flows grow, so all pages use the time of the first page, `atMs`.
 */
export interface FlowPosition {
  atMs: number;
  value: bigint;
  started: UnixNanos;
  id: string;
}

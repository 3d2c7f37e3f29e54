import type { Status } from './flow.ts';
import type { UnixNanos } from './time.ts';

/**
 * Holds a search for flows as a syntax tree. `query/language/parse.ts` parses it,
 * `store/sql/search.sql.ts` turns it into SQL, and `search-match.ts` evaluates it in memory. A test
 * guards that SQL and memory find the same flows.
 */
export type Query =
  | { kind: 'and' | 'or'; of: Query[] }
  | { kind: 'not'; of: Query }
  | { kind: 'field'; field: TextField; value: string }
  | { kind: 'number'; field: NumberField; op: Comparison; value: number }
  /** Compares how long a flow took, or takes so far, with what is usual of its type. */
  | { kind: 'usual'; op: Comparison; quantile: UsualQuantile }
  | { kind: 'text'; text: string }
  | { kind: 'time'; op: 'since' | 'before'; atMs: number }
  /** Matches flows with a trait (`analyze/trait.ts`), given by its id in hexadecimal. */
  | { kind: 'trait'; id: string }
  /** Matches flows with a span that has this attribute, or whose resource has it. */
  | { kind: 'attribute'; name: string; value: string }
  /**
   * Matches if the step or message `then` follows `first`, within `withinMs` if given. With `not`,
   * matches if that time is over and `then` did not follow within it.
   */
  | { kind: 'order'; first: string; then: string; withinMs: number | null; not: boolean };

/**
 * Describes the text fields of a query. A field matches if its value equals the given text,
 * ignoring case; `*` in the text stands for any text.
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
 * Returns whether the text has the form of a trace id, or of a present or former flow id
 * (`flowIdOf`), such as people copy from a log line or an address.
 */
export const isId = (text: string): boolean =>
  /^[0-9a-f]{24}(?:[0-9a-f]{8}(?:-[0-9a-f]{16})?)?(?:\.\d+)?$/i.test(text);
export type TextField = keyof typeof TEXT_FIELDS;

/** Fields that match a part of a text, whereas the others match the whole text. */
const isPartial = (field: TextField): boolean => field === 'error';
/** Returns the pattern by which a field is matched. */
export const patternOf = (field: TextField, value: string): string =>
  isPartial(field) ? `*${value}*` : value;

/**
 * Returns whether the query asks for something that only the store knows, so that it cannot be a
 * rule, which is evaluated while a flow changes.
 */
export const needsStore = (query: Query): boolean =>
  query.kind === 'trait' ||
  query.kind === 'attribute' ||
  query.kind === 'usual' ||
  (query.kind === 'not' ? needsStore(query.of) : 'of' in query && query.of.some(needsStore));

/** Describes the number fields of a query. Durations are in ms. */
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
/** Durations of a flow type that a query can name: half and 95 % of its flows took no longer. */
export const USUAL_QUANTILES = ['p50', 'p95'] as const;
export type UsualQuantile = (typeof USUAL_QUANTILES)[number];
export type Comparison = '>' | '>=' | '<' | '<=' | '=';

/** Selects flows for a list. A flow must satisfy every field that is present. */
export interface FlowSearch {
  query?: Query;
  types?: string[];
  statuses?: Status[];
  services?: string[];
  environments?: string[];
  /** Selects flows with exactly this business key, given as `name=value` or as the value alone. */
  key?: string;
  /** Selects the flows of an incident, given the keys of the incident. */
  incidents?: string[];
  /** Selects flows that started at or after `from` and before `to`. */
  from?: UnixNanos;
  to?: UnixNanos;
  /** Order of the list; newest first if it is absent. */
  order?: FlowOrder;
  limit: number;
  /** Holds the position of the last flow on the previous page of the same order. */
  after?: FlowPosition;
}

/** By what lists of flows are sorted: start, duration, last progress, longest wait. */
export const FLOW_SORTS = ['started', 'duration', 'activity', 'waiting'] as const;
export interface FlowOrder {
  by: (typeof FLOW_SORTS)[number];
  /** Without this the newest, the longest, the latest and the longest waiting come first. */
  ascends: boolean;
}

/**
 * Holds the position of a flow in a list. Durations of open flows grow, so all pages are of the
 * instant of the first one, `atMs`; `value` is what the list is sorted by.
 */
export interface FlowPosition {
  atMs: number;
  value: bigint;
  started: UnixNanos;
  id: string;
}

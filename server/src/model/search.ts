import type { Status } from './flow.ts';
import type { UnixNanos } from './time.ts';

/**
 * Represents a search for flows as a syntax tree. It is parsed in `query/language/parse.ts`,
 * becomes SQL in `store/sql/search.sql.ts` and is evaluated in memory by `search-match.ts`; one
 * test holds the three together.
 */
export type Query =
  | { kind: 'and' | 'or'; of: Query[] }
  | { kind: 'not'; of: Query }
  | { kind: 'field'; field: TextField; value: string }
  | { kind: 'number'; field: NumberField; op: Comparison; value: number }
  | { kind: 'text'; text: string }
  | { kind: 'time'; op: 'since' | 'before'; atMs: number }
  /**
   * Matches step or message `first` with `then` after it, within `withinMs` if given; `not` matches
   * where `then` did not follow and the time is over.
   */
  | { kind: 'order'; first: string; then: string; withinMs: number | null; not: boolean };

/** Describes the text fields. `value` matches exactly, ignoring case; a `*` stands for any text. */
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
  missing: 'a step that is awaited',
  message: 'a message type or destination',
  finding: 'a rule that has something to say',
  badge: 'a badge',
  parent: 'id of the parent flow',
} as const;
/**
 * Is true for the id of a trace, or for a present or former id of a flow (`flowIdOf`), as a log
 * line or an address has it.
 */
export const isId = (text: string): boolean =>
  /^[0-9a-f]{24}(?:[0-9a-f]{8}(?:-[0-9a-f]{16})?)?(?:\.\d+)?$/i.test(text);
export type TextField = keyof typeof TEXT_FIELDS;

/** Describes the number fields. Durations are in ms. */
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
export type Comparison = '>' | '>=' | '<' | '<=' | '=';

/** Filters a list of flows. Every field narrows; an absent field means all. */
export interface FlowSearch {
  query?: Query;
  types?: string[];
  statuses?: Status[];
  services?: string[];
  environments?: string[];
  /** Matches a business key exactly, as `name=value` or by the value alone. */
  key?: string;
  /** Selects the flows of an incident, by its keys. */
  incidents?: string[];
  /** Selects flows that started at or after `from` and before `to`. */
  from?: UnixNanos;
  to?: UnixNanos;
  limit: number;
  /** Holds the position of the last item of the previous page. */
  after?: { started: UnixNanos; id: string };
}

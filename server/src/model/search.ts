import type { Status } from './flow.ts';
import type { UnixNanos } from './time.ts';

/**
 * What a person asks of flows, as a tree. The text is parsed in `query/language/parse.ts`, becomes
 * SQL in `store/sql/search.sql.ts` and is evaluated in memory by `search-match.ts`; the three are
 * held together by one test.
 */
export type Query =
  | { kind: 'and' | 'or'; of: Query[] }
  | { kind: 'not'; of: Query }
  | { kind: 'field'; field: TextField; value: string }
  | { kind: 'number'; field: NumberField; op: Comparison; value: number }
  | { kind: 'text'; text: string }
  | { kind: 'time'; op: 'since' | 'before'; atMs: number }
  /**
   * Step or message `first` with `then` after it, within ms if given; `not`: without, and the time
   * is over.
   */
  | { kind: 'order'; first: string; then: string; withinMs: number | null; not: boolean };

/** `value` matches exactly, without regard to case; a `*` stands for anything. */
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
 * A trace, or a flow under the name that it has or had (`flowIdOf`): as it stands in a log line or
 * an address.
 */
export const isId = (text: string): boolean =>
  /^[0-9a-f]{24}(?:[0-9a-f]{8}(?:-[0-9a-f]{16})?)?(?:\.\d+)?$/i.test(text);
export type TextField = keyof typeof TEXT_FIELDS;

/** Durations are ms. */
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

/** What a list of flows is filtered by. Every field narrows; absent means all. */
export interface FlowSearch {
  query?: Query;
  types?: string[];
  statuses?: Status[];
  services?: string[];
  environments?: string[];
  /** `name=value` or just a value: a business key, exactly. */
  key?: string;
  /** Keys of an incident: the flows in it. */
  incidents?: string[];
  /** Started at or after … and before …. */
  from?: UnixNanos;
  to?: UnixNanos;
  limit: number;
  /** Position after the last item of the page before. */
  after?: { started: UnixNanos; id: string };
}

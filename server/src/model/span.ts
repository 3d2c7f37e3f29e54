import type { Token } from './names.ts';
import type { UnixNanos } from './time.ts';

/**
 * Tells what a span means to an event flow. `normalize/role.ts` decides it; no later stage reads
 * attribute names.
 */
export type Role =
  'create' | 'send' | 'receive' | 'process' | 'settle' | 'server' | 'client' | 'internal' | 'event';
export type MessageKind = 'event' | 'command' | 'reply' | 'query' | 'timer';
export type Outcome = 'completed' | 'failed' | 'compensated' | 'cancelled' | 'timed_out';

export type Milestone =
  | 'flow-started'
  | 'flow-completed'
  | 'flow-failed'
  | 'flow-cancelled'
  | 'flow-expects'
  | 'flow-heartbeat'
  | 'step-started'
  | 'step-completed'
  | 'step-failed'
  | 'compensation-started'
  | 'compensation-completed'
  | 'compensation-failed';

/** Joins `traceId` and `spanId`: 48 hex digits. */
export type SpanKey = string;
export const spanIdOf = (key: SpanKey): string => key.slice(32);
export const traceIdOf = (key: SpanKey): string => key.slice(0, 32);

export interface Service {
  environment: string;
  name: string;
  version: string;
  instance: string;
  /** Names the host that it runs on; absent where it reports none. */
  host?: string;
}

export interface Message {
  kind: MessageKind | '';
  /** Holds the declared type, else ''. */
  type: string;
  id: string;
  system: string;
  destination: string;
  group: string;
  /** Names the partition of the destination, '' where none is reported. */
  partition: string;
  /** Holds `topic/partition/offset`, or '' where one of the three is unknown. */
  position: string;
  /** A number above 1 means one operation over several messages. */
  batchCount: number;
  /**
   * Counts the messages of a batch that no link names: SDKs keep few links and drop the rest.
   * Absent: none.
   */
  linksCut?: number;
  conversation: string;
  /**
   * Tells whether the message failed in another queue and was given up: this is its dead-letter
   * queue.
   */
  deadLettered: boolean;
}

/** Tells how a flow id got onto the span. `ambient` is the weakest, because context leaks. */
export type FlowSource = 'message' | 'explicit' | 'ambient';

export interface FlowRef {
  id: string;
  /**
   * Tells the kind of id, by the name under which it was reported; '' for our own. Equal values of
   * two kinds are two ids.
   */
  kind: string;
  type: string;
  version: string;
  source: FlowSource;
  parentId: string;
  parentType: string;
  outcome: Outcome | '';
  /** The flow should have ended at this instant, in ms; 0: none is declared. */
  deadlineMs: number;
}

export interface StepRef {
  name: string;
  id: string;
  kind: string;
  attempt: number;
  result: string;
  compensates: string;
  /** It should have ended at this instant, in ms; 0: none is declared. */
  deadlineMs: number;
  /** Lists the names of the steps still to come, comma-separated (routing slip). */
  itinerary: string;
}

export interface SpanError {
  type: string;
  message: string;
}

/**
 * Holds one record of evidence: a span, or a milestone log event (`role: 'event'`, start = end). It
 * is small on purpose, because it stays in memory for an open flow; raw attributes stay in the
 * store.
 */
export interface Span {
  /**
   * Contains the span id (`spanIdOf(key)`): a separate text would cost as much as the span's times.
   */
  key: SpanKey;
  traceId: string;
  /**
   * Names the parent in the same trace, '' for a root. For an event it is the span in which it
   * happened.
   */
  parent: SpanKey;
  /** Comes from the OTLP flags; null where the SDK sets none. */
  parentRemote: boolean | null;
  role: Role;
  /** Tells what a milestone log event announces; null for spans. */
  milestone: Milestone | null;
  name: string;
  start: UnixNanos;
  end: UnixNanos;
  failed: boolean;
  error: SpanError | null;
  /** Tells whether its trace was sampled at random, so that others like it are missing. */
  sampled: boolean;
  service: Service;
  /** Lists the spans that it links to, without duplicates. */
  links: readonly SpanKey[];
  message: Message | null;
  flow: FlowRef | null;
  step: StepRef | null;
  /** Lists business and search keys as [name, value]. They find flows and never join them. */
  keys: readonly (readonly [string, string])[];
  /**
   * Lists identity keys as `name\0value`. Equal values join spans; different values of one name
   * never do.
   */
  identities: readonly string[];
  /** Holds `GET /orders/:id`, `rpc Service/Method`, or ''. */
  route: string;
  /** Lists repairs made while normalizing; they are shown and never fatal. */
  warnings: readonly string[];
  /** The span arrived at this instant of the server's wall clock, in ms. */
  receivedAtMs: number;
  /** Caches the names by which other spans find it; only correlate builds and reads them. */
  names: SpanNames | null;
}

/** Holds texts by which spans find each other, built once because they are looked up many times. */
export interface SpanNames {
  message: readonly Token[];
  /** '' where the span has no flow id. */
  id: Token | '';
  soft: readonly Token[];
  /** Holds all of the above together. */
  shared: readonly Token[];
}

export const NO_KEYS: readonly (readonly [string, string])[] = [];
export const NONE: readonly string[] = [];

/**
 * Orders spans that share a key but differ in content (a re-used id, a retried export with
 * changes). The greatest wins wherever two meet, so that arrival order never matters (I1).
 * `receivedAtMs` takes no part.
 */
export function compareDuplicates(a: Span, b: Span): number {
  if (a.end !== b.end) return a.end < b.end ? -1 : 1;
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  const x = fingerprint(a);
  const y = fingerprint(b);
  return x < y ? -1 : x > y ? 1 : 0;
}

function fingerprint(span: Span): string {
  return JSON.stringify({ ...span, start: 0, end: 0, receivedAtMs: 0, names: null });
}

import type { Token } from './names.ts';
import type { UnixNanos } from './time.ts';

/**
 * What a span means to an event flow. `normalize/role.ts` decides; nothing after it reads attribute
 * names.
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

/** `traceId` + `spanId`: 48 hex digits. */
export type SpanKey = string;
export const spanIdOf = (key: SpanKey): string => key.slice(32);
export const traceIdOf = (key: SpanKey): string => key.slice(0, 32);

export interface Service {
  environment: string;
  name: string;
  version: string;
  instance: string;
  /** Where it runs; absent where nothing says so. */
  host?: string;
}

export interface Message {
  kind: MessageKind | '';
  /** Declared type, else ''. */
  type: string;
  id: string;
  system: string;
  destination: string;
  group: string;
  /** Of the destination, '' where nobody said. */
  partition: string;
  /** `topic/partition/offset`, or '' where not all three are known. */
  position: string;
  /** More than 1: one operation over several messages. */
  batchCount: number;
  /**
   * Of what a batch took, so many messages are named by no link: SDKs keep few, and drop the rest.
   * Absent: none.
   */
  linksCut?: number;
  conversation: string;
  /** It failed in another queue, and was given up there: this is its dead-letter queue. */
  deadLettered: boolean;
}

/** How a flow id got onto the span. `ambient` is the weakest: context leaks. */
export type FlowSource = 'message' | 'explicit' | 'ambient';

export interface FlowRef {
  id: string;
  /**
   * What kind of id it is, by the name under which it was said; '' for our own. Of two kinds, one
   * value is two ids.
   */
  kind: string;
  type: string;
  version: string;
  source: FlowSource;
  parentId: string;
  parentType: string;
  outcome: Outcome | '';
  /** When the flow should have ended, ms; 0: nobody said. */
  deadlineMs: number;
}

export interface StepRef {
  name: string;
  id: string;
  kind: string;
  attempt: number;
  result: string;
  compensates: string;
  /** When it should have ended, ms; 0: nobody said. */
  deadlineMs: number;
  /** Routing slip: names of the steps still to come, comma-separated. */
  itinerary: string;
}

export interface SpanError {
  type: string;
  message: string;
}

/**
 * One record of evidence: a span, or a milestone log event (`role: 'event'`, start = end). Small on
 * purpose: this is what stays in memory for an open flow; raw attributes stay in the store.
 */
export interface Span {
  /** Its span id is `spanIdOf(key)`: a text of its own would cost as much as the span's times. */
  key: SpanKey;
  traceId: string;
  /** The parent in the same trace, '' for a root. For an event: the span it happened in. */
  parent: SpanKey;
  /** From the OTLP flags; null where the SDK did not say. */
  parentRemote: boolean | null;
  role: Role;
  /** What a milestone log event says; null for spans. */
  milestone: Milestone | null;
  name: string;
  start: UnixNanos;
  end: UnixNanos;
  failed: boolean;
  error: SpanError | null;
  /** Its trace was sampled by chance: others like it are missing. */
  sampled: boolean;
  service: Service;
  /** Spans that it links to, each once. */
  links: readonly SpanKey[];
  message: Message | null;
  flow: FlowRef | null;
  step: StepRef | null;
  /** Business and search keys: [name, value]. They find, they never join. */
  keys: readonly (readonly [string, string])[];
  /** Identity keys: `name\0value`. Same value joins, different values of one name never do. */
  identities: readonly string[];
  /** `GET /orders/:id`, `rpc Service/Method`, or ''. */
  route: string;
  /** Repairs made while normalizing: shown, never fatal. */
  warnings: readonly string[];
  /** Wall clock of this server when the span arrived, ms. */
  receivedAtMs: number;
  /** How other spans find it, once asked; built and read by correlate alone. */
  names: SpanNames | null;
}

/** Texts by which spans find each other: built once, for they are looked up many times. */
export interface SpanNames {
  message: readonly Token[];
  /** '': nobody set one. */
  id: Token | '';
  soft: readonly Token[];
  /** All of them. */
  shared: readonly Token[];
}

export const NO_KEYS: readonly (readonly [string, string])[] = [];
export const NONE: readonly string[] = [];

/**
 * Total order over spans that share a key but differ in content (a re-used id, a retried export
 * with changes). The greatest wins wherever two meet, so that arrival order never matters (I1).
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

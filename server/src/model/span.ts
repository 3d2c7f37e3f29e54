import type { Token } from './names.ts';
import type { UnixNanos } from './time.ts';

/**
 * Role of a span in an event flow. Only `normalize/role.ts` determines it, so that later stages
 * need not know attribute names.
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

/** Identifies a span: its trace id and span id, 48 hex digits. */
export type SpanKey = string;
export const spanIdOf = (key: SpanKey): string => key.slice(32);
export const traceIdOf = (key: SpanKey): string => key.slice(0, 32);

export interface Service {
  environment: string;
  name: string;
  version: string;
  instance: string;
  /** Host of the service instance; absent if unknown. */
  host?: string;
  /**
   * Set if the spans were imported. Imported spans do not train the learned models and cause no
   * alerts.
   */
  imported?: true;
}

/**
 * Returns whether a span was received live and not imported. Only then is its time of receipt
 * meaningful.
 */
export const isLive = ({ service }: Pick<Span, 'service'>): boolean => service.imported !== true;

export interface Message {
  kind: MessageKind | '';
  /** Declared type of the message; '' if none is declared. */
  type: string;
  id: string;
  system: string;
  destination: string;
  group: string;
  /**
   * Generated name of the consumer group, if `group` does not contain it. Two groups with different
   * generated names are two subscriptions, and each of them gets the message.
   */
  subscription?: string;
  /** Partition of the destination; '' if unknown. */
  partition: string;
  /** Position of the message as `topic/partition/offset`; '' if one of the three is unknown. */
  position: string;
  /** Number of messages in a batch. Above 1, the span is one operation on several messages. */
  batchCount: number;
  /**
   * Number of messages in a batch without a link; absent if every message has one. SDKs limit the
   * number of links of a span and drop the others.
   */
  linksCut?: number;
  conversation: string;
  /**
   * True if `destination` is a dead-letter queue, to which the message was moved after it had
   * failed at another destination.
   */
  deadLettered: boolean;
  /**
   * True if the message's protocol cannot carry trace context. Then the receiver is matched only by
   * the message's content, and no receiver is expected.
   */
  contextless?: true;
}

/**
 * How a consumer settled a message without processing it: returned for redelivery, or moved to a
 * dead-letter queue.
 */
export type Settlement = 'returned' | 'dead-lettered';

/**
 * How the flow id got onto the span. `ambient` (from the context) is the least reliable, because
 * context may leak from one flow into another.
 */
export type FlowSource = 'message' | 'explicit' | 'ambient';

export interface FlowRef {
  id: string;
  /**
   * Attribute under which the flow id was reported; '' for Fermata's own attribute. It
   * distinguishes kinds of ids: equal values of different kinds are different ids.
   */
  kind: string;
  type: string;
  version: string;
  source: FlowSource;
  parentId: string;
  parentType: string;
  outcome: Outcome | '';
  /** Deadline for the end of the flow, epoch ms; 0 if it declares none. */
  deadlineMs: number;
}

export interface StepRef {
  name: string;
  id: string;
  kind: string;
  attempt: number;
  result: string;
  compensates: string;
  /** Deadline for the end of the step, epoch ms; 0 if it declares none. */
  deadlineMs: number;
  /** Names of the steps that must still follow, separated by commas (routing slip). */
  itinerary: string;
}

export interface SpanError {
  type: string;
  message: string;
  /** Innermost functions of the stack trace; absent if the span has no stack trace. */
  frames?: string[];
}

/**
 * One received record: a span, or a milestone log event (with `role: 'event'` and equal start and
 * end). It has only the fields that correlation needs, because it stays in memory while its flow is
 * open. The raw attributes are in the store.
 */
export interface Span {
  /**
   * Identifies the span. The span id has no field of its own, to save memory; `spanIdOf(key)`
   * returns it.
   */
  key: SpanKey;
  traceId: string;
  /**
   * Parent span in the same trace; '' for a root. For a log event, the span in which the event
   * happened.
   */
  parent: SpanKey;
  /**
   * Whether the parent is in another process, from the OTLP flags; null if the SDK does not set
   * them.
   */
  parentRemote: boolean | null;
  role: Role;
  /** What a milestone log event announces; null for a span. */
  milestone: Milestone | null;
  name: string;
  start: UnixNanos;
  end: UnixNanos;
  failed: boolean;
  error: SpanError | null;
  /** Set if the span shows that the message was not processed, but returned or dead-lettered. */
  settled?: Settlement;
  /**
   * True if the span's trace was selected by random sampling. Other traces of the flow may then be
   * missing.
   */
  sampled: boolean;
  service: Service;
  /** Spans to which this span has links, without duplicates. */
  links: readonly SpanKey[];
  message: Message | null;
  flow: FlowRef | null;
  step: StepRef | null;
  /**
   * Business and search keys as [name, value]. Flows can be found by them, but they never join
   * spans.
   */
  keys: readonly (readonly [string, string])[];
  /**
   * Identity keys as `name\0value`. Spans with an equal entry are joined. Spans with the same name
   * and different values are never joined.
   */
  identities: readonly string[];
  /** Route, such as `GET /orders/:id` or `rpc Service/Method`; '' if there is none. */
  route: string;
  /**
   * Repairs that `normalize` made on the span. They are shown with the span, which is otherwise
   * used like any other.
   */
  warnings: readonly string[];
  /** Time when the server received the span, by the server's clock, epoch ms. */
  receivedAtMs: number;
  /** Cache of the names by which other spans find this span. Only `keys.ts` sets and reads it. */
  names: SpanNames | null;
}

/**
 * Tokens by which spans find each other. They are computed once for each span, because they are
 * needed often.
 */
export interface SpanNames {
  message: readonly Token[];
  /** Token of the flow id; '' if the span has none. */
  id: Token | '';
  soft: readonly Token[];
  /** All tokens in `message`, `id` and `soft`. */
  shared: readonly Token[];
}

export const NO_KEYS: readonly (readonly [string, string])[] = [];
export const NONE: readonly string[] = [];

/**
 * Compares two records with the same span key and different content (a reused span id, or a span
 * that was exported again after a change). The greater record is kept, so that the result does not
 * depend on the order of arrival (I1). `receivedAtMs` is ignored.
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

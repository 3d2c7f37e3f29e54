import type { Token } from './names.ts';
import type { UnixNanos } from './time.ts';

/**
 * Tells what a span does in an event flow. Only `normalize/role.ts` decides this, so that later
 * stages need not read attribute names.
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

/** Identifies a span: its trace id followed by its span id, 48 hex digits. */
export type SpanKey = string;
export const spanIdOf = (key: SpanKey): string => key.slice(32);
export const traceIdOf = (key: SpanKey): string => key.slice(0, 32);

export interface Service {
  environment: string;
  name: string;
  version: string;
  instance: string;
  /** Name of the host that the service instance runs on; absent if the instance reports none. */
  host?: string;
  /** Set if the spans are history that was imported: they neither teach nor alert. */
  imported?: true;
}

/** Returns whether a span is no history, so that the time of its receipt tells something. */
export const isLive = ({ service }: Pick<Span, 'service'>): boolean => service.imported !== true;

export interface Message {
  kind: MessageKind | '';
  /** Holds the declared type of the message, or '' if none is declared. */
  type: string;
  id: string;
  system: string;
  destination: string;
  group: string;
  /**
   * Holds the generated name of the group, if `group` leaves it out. Two such groups are two
   * subscriptions, each of which gets the message.
   */
  subscription?: string;
  /** Names the partition of the destination, or '' if none is reported. */
  partition: string;
  /** Holds `topic/partition/offset` of the message, or '' if one of the three is unknown. */
  position: string;
  /** Number of messages in a batch; a value above 1 means one operation over several messages. */
  batchCount: number;
  /**
   * Counts the messages of a batch that no link names; absent if all are named. Such messages exist
   * because SDKs keep a limited number of links and drop the rest.
   */
  linksCut?: number;
  conversation: string;
  /**
   * Is true if `destination` is a dead-letter queue, to which the message was moved after it failed
   * elsewhere.
   */
  deadLettered: boolean;
  /**
   * Is true if the message's protocol carries no context, so that its receiver is found only by the
   * content that both have. Nothing is expected of that receiver.
   */
  contextless?: true;
}

/**
 * Tells how a consumer settled a message that it did not process: it gave the message back in order
 * to get it again, or had it set aside.
 */
export type Settlement = 'returned' | 'dead-lettered';

/**
 * Tells how the flow id got onto the span. `ambient` is the least reliable, because context may
 * leak from one flow into another.
 */
export type FlowSource = 'message' | 'explicit' | 'ambient';

export interface FlowRef {
  id: string;
  /**
   * Holds the name under which the flow id was reported; '' for Fermata's own name. The name tells
   * the kind of the id. Equal values of two kinds are two different ids.
   */
  kind: string;
  type: string;
  version: string;
  source: FlowSource;
  parentId: string;
  parentType: string;
  outcome: Outcome | '';
  /** The flow should have ended at this instant, in ms; 0: the flow declares no deadline. */
  deadlineMs: number;
}

export interface StepRef {
  name: string;
  id: string;
  kind: string;
  attempt: number;
  result: string;
  compensates: string;
  /** The step should have ended at this instant, in ms; 0: the step declares no deadline. */
  deadlineMs: number;
  /** Lists the names of the steps that are still to come, separated by commas (routing slip). */
  itinerary: string;
}

export interface SpanError {
  type: string;
  message: string;
  /** Names the innermost functions of the stack trace; absent if the span has no stack trace. */
  frames?: string[];
}

/**
 * Holds one record of evidence: a span, or a milestone log event (with `role: 'event'` and equal
 * start and end). It has only the fields that correlation needs, because it stays in memory as long
 * as the flow is open; raw attributes are in the store.
 */
export interface Span {
  /**
   * Identifies the span. The span id is part of the key (`spanIdOf(key)`), because a separate text
   * would take as much memory as the span's times.
   */
  key: SpanKey;
  traceId: string;
  /**
   * Names the parent span in the same trace, or '' for a root. For an event, it names the span in
   * which the event happened.
   */
  parent: SpanKey;
  /**
   * Tells whether the parent is in another process, from the OTLP flags; null if the SDK sets none.
   */
  parentRemote: boolean | null;
  role: Role;
  /** Tells what a milestone log event announces; null for a span. */
  milestone: Milestone | null;
  name: string;
  start: UnixNanos;
  end: UnixNanos;
  failed: boolean;
  error: SpanError | null;
  /** Tells that the message was not processed; absent if the span does not say so. */
  settled?: Settlement;
  /**
   * Is true if the span's trace was chosen by random sampling, so that other traces of the flow may
   * be missing.
   */
  sampled: boolean;
  service: Service;
  /** Lists the spans to which this span has links, without duplicates. */
  links: readonly SpanKey[];
  message: Message | null;
  flow: FlowRef | null;
  step: StepRef | null;
  /**
   * Lists business and search keys as [name, value]. These keys serve to find flows and never join
   * spans.
   */
  keys: readonly (readonly [string, string])[];
  /**
   * Lists identity keys as `name\0value`. Equal entries join spans. Spans with different values of
   * one name are never joined.
   */
  identities: readonly string[];
  /** Holds the route, such as `GET /orders/:id` or `rpc Service/Method`, or ''. */
  route: string;
  /**
   * Lists the repairs that normalize made. The repaired span is used like any other, and the
   * repairs are shown with it.
   */
  warnings: readonly string[];
  /** The server received the span at this instant of its wall clock, in ms. */
  receivedAtMs: number;
  /** Caches the names by which other spans find this span; only correlate sets and reads them. */
  names: SpanNames | null;
}

/**
 * Holds the tokens by which spans find each other. They are computed once per span, because they
 * are looked up many times.
 */
export interface SpanNames {
  message: readonly Token[];
  /** Holds the token of the flow id, or '' if the span has no flow id. */
  id: Token | '';
  soft: readonly Token[];
  /** Lists all tokens of the three fields above. */
  shared: readonly Token[];
}

export const NO_KEYS: readonly (readonly [string, string])[] = [];
export const NONE: readonly string[] = [];

/**
 * Compares two records that have the same span key but different content (a reused span id, or a
 * changed span that was exported again). The greater one is kept, so that the order of arrival has
 * no influence (I1). `receivedAtMs` is not compared.
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

import type { Count, Instant, Share, UnixNano } from './units.ts';

/**
 * Status of a flow. In this file all values can be represented in JSON. Instants are decimal
 * strings of nanoseconds since 1970 (`…UnixNano`), and durations are numbers of milliseconds
 * (`…Ms`).
 */
export type FlowStatus =
  | 'active'
  | 'compensating'
  | 'late'
  | 'stuck'
  | 'completed'
  | 'compensated'
  | 'failed'
  | 'cancelled'
  | 'timed_out';

export const FLOW_STATUSES: readonly FlowStatus[] = [
  'active',
  'compensating',
  'late',
  'stuck',
  'completed',
  'compensated',
  'failed',
  'cancelled',
  'timed_out',
];

/** A step or message that an open flow waits for. Instants are ISO 8601. */
export interface WaitingFor {
  id: string;
  afterStepId: string | null;
  hopId: string | null;
  step: string;
  service: string | null;
  message: string | null;
  oneOf: string[];
  certain: boolean;
  expectedAt: Instant;
  since: Instant;
  lateAt: Instant;
  stuckAt: Instant;
  basis: 'declared' | 'learned' | 'structural';
  /** Name of the rule that reports the step or message as missing. */
  absence: string;
  probability: Share;
  samples: Count;
  provisional: boolean;
}

/** What a rule found in a flow. `since` is the instant when it became true, ISO 8601. */
export interface Finding {
  key: string;
  /**
   * Key that all findings of one cause share. `/flows?incident=` with this key lists the flows that
   * have such a finding.
   */
  incident: string;
  rule: string;
  severity: 'critical' | 'warning' | 'info';
  stepId: string | null;
  step: string | null;
  service: string | null;
  place: string | null;
  /** Name of the dependency that was unavailable to the step; absent if none is known. */
  dependency?: string;
  since: Instant;
  summary: string;
  evidence: string[];
}

export interface FlowSummary {
  id: string;
  environment: string;
  type: string;
  key: string;
  /** Values of business keys and search keys, by the name of the key. */
  keys: Record<string, string>;
  run: Count;
  phase: 'open' | 'compensating' | 'ended';
  outcome: 'completed' | 'failed' | 'compensated' | 'cancelled' | 'timed_out' | null;
  health: 'ok' | 'late' | 'stuck';
  status: FlowStatus;
  statusSinceUnixNano: UnixNano;
  startedAtUnixNano: UnixNano;
  lastProgressAtUnixNano: UnixNano;
  endedAtUnixNano: UnixNano | null;
  durationMs: number;
  rawDurationMs: number;
  stepCount: Count;
  failedSteps: Count;
  /** Number of attempts after the first one, of the step that was attempted most often. */
  retries: Count;
  services: string[];
  waitingFor: WaitingFor[];
  findings: Finding[];
  /**
   * Id of the parent flow, or another name of it that `/flows/{id}` accepts; null if the flow has
   * no parent.
   */
  parentId: string | null;
  incomplete: boolean;
  truncated: boolean;
  badges: string[];
  version: Count;
}

export interface StepAttempt {
  number: Count;
  startUnixNano: UnixNano;
  endUnixNano: UnixNano | null;
  status: 'running' | 'ok' | 'failed';
  spanId: string;
  error: StepError | null;
}

export interface StepError {
  type: string;
  message: string;
  /** Names of the innermost functions of the stack trace; absent if the error has none. */
  frames?: string[];
}

export interface Step {
  id: string;
  typeKey: string;
  name: string;
  service: string;
  serviceVersion: string;
  instance: string;
  kind: string;
  status: 'running' | 'ok' | 'failed' | 'retried';
  result: string | null;
  attempts: StepAttempt[];
  startUnixNano: UnixNano;
  endUnixNano: UnixNano | null;
  skewMs: number;
  causedBy: string[];
  compensates: string | null;
  compensatedBy: string[];
  error: StepError | null;
  spanIds: string[];
  traceId: string;
  shared: boolean;
  badges: string[];
  /** Instant by which the step should have ended; null if the step declares no deadline. */
  deadlineAt: Instant | null;
  /**
   * Names of the steps that are still to come after this step, if the message carries such a list
   * (routing slip).
   */
  itinerary: string[];
  /**
   * What the step has in common with the rest of its flow, strongest evidence first. Present only
   * if nothing in the flow caused this step and the flow has several such steps.
   */
  joinedBy?: JoinEvidence[];
}

/**
 * Evidence of why a step belongs to its flow. `value` is what both have in common: `order.id=42`, a
 * conversation, a flow id or a trace.
 */
export interface JoinEvidence {
  kind: string;
  strength: Share;
  value: string;
}

export interface Hop {
  id: string;
  message: { kind: string; type: string; id: string; system: string; destination: string };
  from: string | null;
  to: string | null;
  consumerGroup: string | null;
  state: 'waiting' | 'delivered' | 'dead-lettered';
  attempts: Count;
  sendSpanId: string | null;
  receiveSpanId: string | null;
  sentUnixNano: UnixNano;
  receivedUnixNano: UnixNano | null;
  /**
   * When the caller of a synchronous call, or the sender of a message that waited for the answer,
   * had it. Null for other messages, and if no span tells it.
   */
  returnedUnixNano: UnixNano | null;
  waitMs: number | null;
  skewed: boolean;
  sync: boolean;
  evidence: { kind: string; strength: Share }[];
  confidence: Share;
}

export interface Segment {
  kind:
    | 'processing'
    | 'queue-wait'
    | 'intended-delay'
    | 'retry-backoff'
    | 'sync-call'
    | 'orchestrator'
    | 'unknown';
  stepId: string | null;
  hopId: string | null;
  startUnixNano: UnixNano;
  endUnixNano: UnixNano;
}

export interface Relation {
  flowId: string | null;
  kind: 'parent' | 'child' | 'shares-key' | 'caused-by' | 'causes' | 'previous-run' | 'link';
  viaSpanId: string;
  /**
   * Names the related trace and span. For a parent, a child or a flow with a common key it is that
   * flow's key.
   */
  target: string;
  /** Business key that both flows have, `name=value`; only if they share one. */
  shared?: string;
}

export interface UnattributedSpan {
  traceId: string;
  spanId: string;
  name: string;
  service: string;
  underSpanId: string;
}

export interface Flow extends FlowSummary {
  /**
   * All steps, in order of their start, but none before a step that caused it. Of a large flow only
   * some steps are listed: those that failed, still run, were retried or compensated, those after
   * which something is awaited, the first and the last ones, and some others.
   */
  steps: Step[];
  /**
   * For each listed step, its position among all steps of the flow; absent if all steps are listed.
   */
  stepPlaces?: Count[];
  hops: Hop[];
  /**
   * Segments of the critical path. Each begins where the previous one ended, and together they last
   * as long as the flow. If the flow is too large to be returned whole, the shortest segments are
   * merged with their neighbours.
   */
  criticalPath: Segment[];
  /**
   * Time spent on each kind of segment, in ms, the longest first. The times are always those of the
   * whole critical path.
   */
  timeSpent: { kind: Segment['kind']; ms: number }[];
  aliases: string[];
  relations: Relation[];
  /** True if some relations could not be read. The flow is `incomplete` then. */
  relationsUnread: boolean;
  unattributed: UnattributedSpan[];
  /** When the server computed the timeline, ISO 8601. */
  asOf: Instant;
  modelVersion: Count;
}

export interface FlowList {
  items: FlowSummary[];
  nextCursor: string | null;
  /** Exact number of all flows that match, on all pages together. */
  total: Count;
  incomplete: boolean;
  /**
   * True if no flow matches because the query compares durations with what is usual (`p50`,
   * `p95`), and that is not known: of no type of these flows there is one before the time that is
   * asked for.
   */
  isNothingUsual: boolean;
}

/** Number of flows of a filter by the values of one field, the most frequent value first. */
export interface Facet {
  field: 'status' | 'type' | 'environment' | 'service';
  values: { value: string; flows: Count }[];
  /** True if the field has more values than are listed. */
  incomplete: boolean;
}

/** A list of items. `incomplete` is true if there are more items than are listed. */
export interface List<T> {
  items: T[];
  incomplete: boolean;
}

/**
 * One page of a list. `nextCursor` is the value of `cursor` with which the next page is requested;
 * null on the last page.
 */
export interface Page<T> extends List<T> {
  nextCursor: string | null;
}

export interface FlowTypeSummary {
  type: string;
  environment: string;
  flows: Count;
  open: Count;
  failed: Count;
  stuck: Count;
  late: Count;
  services: string[];
  /** True if the flow type has more services than are listed. */
  incomplete: boolean;
  p50DurationMs: number;
  p95DurationMs: number;
  lastStartedAtUnixNano: UnixNano;
}

export interface ServiceSummary {
  name: string;
  environment: string;
  versions: string[];
  flowTypes: string[];
  steps: Count;
  failedSteps: Count;
  /** Destinations to which this service sends. `consumes` lists those from which it consumes. */
  sends: string[];
  consumes: string[];
  /** Types of the messages that it sends; `consumesTypes` lists those that it consumes. */
  sendsTypes: string[];
  consumesTypes: string[];
  /** True if the service has more versions, flow types, destinations or types than are listed. */
  incomplete: boolean;
  /**
   * Processes of the service whose clock is wrong now. A negative `aheadMs` means that the clock is
   * behind. `instance` is '' if the service reports none.
   */
  wrongClocks: { instance: string; aheadMs: number }[];
  firstSeenUnixNano: UnixNano;
  lastSeenUnixNano: UnixNano;
  /**
   * From when on the service is silent if nothing more is heard of it. Null if it has too few steps
   * to know how often it is heard of.
   */
  silentFromUnixNano: UnixNano | null;
}

import type { Count, Instant, Share, UnixNano } from './units.ts';

/**
 * Types of what the API sends about flows; all values can be represented in JSON. Instants are
 * decimal strings of nanoseconds since 1970 (`…UnixNano`), and durations are numbers of
 * milliseconds (`…Ms`).
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

/** Describes a step or message that an open flow waits for. Instants are ISO 8601. */
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
  /** Names the rule that reports the step or message as missing. */
  absence: string;
  probability: Share;
  samples: Count;
  provisional: boolean;
}

/** Reports what a rule found in a flow. `since` is the instant when it became true, ISO 8601. */
export interface Finding {
  key: string;
  /**
   * Holds the key that all findings of one cause share. `/flows?incident=` with this key lists the
   * flows that have such a finding.
   */
  incident: string;
  rule: string;
  severity: 'critical' | 'warning' | 'info';
  stepId: string | null;
  step: string | null;
  service: string | null;
  place: string | null;
  /** Names the dependency that was unavailable to the step; absent if none is known. */
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
  /** Business and search keys by name. */
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
  /** Most attempts of one step, less one. */
  retries: Count;
  services: string[];
  waitingFor: WaitingFor[];
  findings: Finding[];
  /** Names the parent flow by its id or by another name that `/flows/{id}` accepts. */
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
  /** Names the innermost functions of the stack trace; absent if the error has none. */
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
  /** The step should have ended at this instant; null: the step declares no deadline. */
  deadlineAt: Instant | null;
  /**
   * Lists the steps that are still to come after this step, if the message carries such a list
   * (routing slip).
   */
  itinerary: string[];
  /**
   * Lists what the step has in common with the rest of its flow, strongest first. Present only if
   * nothing in the flow caused this step and the flow has several such steps.
   */
  joinedBy?: JoinEvidence[];
}

/**
 * Tells why a step belongs to its flow. `value` is what both have in common: `order.id=42`, a
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
   * The caller of a synchronous call had the answer at this instant. Null for messages, and if no
   * span tells the instant.
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
  kind: 'parent' | 'child' | 'caused-by' | 'causes' | 'previous-run' | 'link';
  viaSpanId: string;
  /** Names the related trace and span, or for a parent or child flow that flow's key. */
  target: string;
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
   * Lists all steps by their start. Of a large flow it lists those that failed, run, were retried
   * or undone, those after which something is awaited, the first and last ones, and some others.
   */
  steps: Step[];
  /** For each listed step, its place among all steps of the flow; absent if all are listed. */
  stepPlaces?: Count[];
  hops: Hop[];
  /**
   * Lists segments, each of which begins where the previous one ended, and which sum to the
   * duration of the flow. If the flow is too large to be returned whole, the shortest segments are
   * merged with their neighbours.
   */
  criticalPath: Segment[];
  /**
   * Lists the time spent on each kind of segment, in ms, the longest first. The times are always
   * those of the whole critical path.
   */
  timeSpent: { kind: Segment['kind']; ms: number }[];
  aliases: string[];
  relations: Relation[];
  unattributed: UnattributedSpan[];
  /** The server computed the timeline at this instant, ISO 8601. */
  asOf: Instant;
  modelVersion: Count;
}

export interface FlowList {
  items: FlowSummary[];
  nextCursor: string | null;
  /** Counts exactly all flows that match, on all pages together. */
  total: Count;
  incomplete: boolean;
}

/** Counts the flows of a filter by the values of one field, the most frequent first. */
export interface Facet {
  field: 'status' | 'type' | 'environment' | 'service';
  values: { value: string; flows: Count }[];
  /** Is true if the field has more values than are listed. */
  incomplete: boolean;
}

/** Holds a list of items. `incomplete` is true if there are more items than are listed. */
export interface List<T> {
  items: T[];
  incomplete: boolean;
}

/** Holds a part of a list. `nextCursor` is the `cursor` of the next part; null: it is the last. */
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
  /** Is true if the flow type has more services than are listed. */
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
  /**
   * Lists the destinations to which this service sends; `consumes` lists those from which it
   * consumes.
   */
  sends: string[];
  consumes: string[];
  /** Is true if the service has more versions, flow types or destinations than are listed. */
  incomplete: boolean;
  /**
   * Lists processes of the service whose clock is wrong now. A negative `aheadMs` means that the
   * clock is behind. `instance` is '' if the service reports none.
   */
  wrongClocks: { instance: string; aheadMs: number }[];
  firstSeenUnixNano: UnixNano;
  lastSeenUnixNano: UnixNano;
}

/**
 * Defines what crosses the wire about flows. JSON-safe only: instants are decimal strings of
 * nanoseconds since 1970 (`…UnixNano`), durations are numbers of milliseconds (`…Ms`).
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
  expectedAt: string;
  since: string;
  lateAt: string;
  stuckAt: string;
  basis: 'declared' | 'learned' | 'structural';
  /** Names the rule that reports its absence. */
  absence: string;
  probability: number;
  samples: number;
  provisional: boolean;
}

/** Reports what a rule found in a flow. `since` is the instant when it became true, ISO 8601. */
export interface Finding {
  key: string;
  /** Findings of one cause share this key; `/flows?incident=` lists them. */
  incident: string;
  rule: string;
  severity: 'critical' | 'warning' | 'info';
  stepId: string | null;
  step: string | null;
  service: string | null;
  place: string | null;
  /** Names the dependency that the step could not do without, where its error tells. */
  dependency?: string;
  since: string;
  summary: string;
  evidence: string[];
}

export interface FlowSummary {
  id: string;
  environment: string;
  type: string;
  key: string;
  run: number;
  phase: 'open' | 'compensating' | 'ended';
  outcome: 'completed' | 'failed' | 'compensated' | 'cancelled' | 'timed_out' | null;
  health: 'ok' | 'late' | 'stuck';
  status: FlowStatus;
  statusSinceUnixNano: string;
  startedAtUnixNano: string;
  lastProgressAtUnixNano: string;
  endedAtUnixNano: string | null;
  durationMs: number;
  rawDurationMs: number;
  stepCount: number;
  failedSteps: number;
  services: string[];
  waitingFor: WaitingFor[];
  findings: Finding[];
  /** Names the parent flow by its id or by another name; `/flows/{id}` accepts both. */
  parentId: string | null;
  incomplete: boolean;
  truncated: boolean;
  badges: string[];
  version: number;
}

export interface StepAttempt {
  number: number;
  startUnixNano: string;
  endUnixNano: string | null;
  status: 'running' | 'ok' | 'failed';
  spanId: string;
  error: StepError | null;
}

export interface StepError {
  type: string;
  message: string;
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
  startUnixNano: string;
  endUnixNano: string | null;
  skewMs: number;
  causedBy: string[];
  compensates: string | null;
  compensatedBy: string[];
  error: StepError | null;
  spanIds: string[];
  traceId: string;
  shared: boolean;
  badges: string[];
  /** It should have ended at this instant; null: none is declared. */
  deadlineAt: string | null;
  /** Routing slip: the steps still to come after it. */
  itinerary: string[];
  /**
   * What it has in common with the rest of its flow; strongest first. Present only for a step that
   * nothing in the flow caused, where the flow has several of those.
   */
  joinedBy?: JoinEvidence[];
}

/** Evidence of a join; `value` is `order.id=42`, a conversation, a flow id or a trace. */
export interface JoinEvidence {
  kind: string;
  strength: number;
  value: string;
}

export interface Hop {
  id: string;
  message: { kind: string; type: string; id: string; system: string; destination: string };
  from: string | null;
  to: string | null;
  consumerGroup: string | null;
  state: 'waiting' | 'delivered' | 'dead-lettered';
  attempts: number;
  sendSpanId: string | null;
  receiveSpanId: string | null;
  sentUnixNano: string;
  receivedUnixNano: string | null;
  /** The caller of a synchronous call had its answer at this instant, where a span tells it. */
  returnedUnixNano: string | null;
  waitMs: number | null;
  skewed: boolean;
  sync: boolean;
  evidence: { kind: string; strength: number }[];
  confidence: number;
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
  startUnixNano: string;
  endUnixNano: string;
}

export interface Relation {
  flowId: string | null;
  kind: 'parent' | 'child' | 'caused-by' | 'causes' | 'previous-run' | 'link';
  viaSpanId: string;
  /** Names a trace and span; for a parent or child, its flow key. */
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
  steps: Step[];
  hops: Hop[];
  /**
   * Touching segments that sum to the duration; of a flow returned in part, the shortest are merged
   * into their neighbours.
   */
  criticalPath: Segment[];
  /** Sums the critical path by kind, in ms, the longest first; always over the whole path. */
  timeSpent: { kind: Segment['kind']; ms: number }[];
  keys: Record<string, string>;
  aliases: string[];
  relations: Relation[];
  unattributed: UnattributedSpan[];
  /** The timeline was computed at this instant, ISO 8601. */
  asOf: string;
  modelVersion: number;
}

/** Shows a raw span as it was received; attributes are always shown as text. */
export interface RawSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: string;
  service: string;
  startUnixNano: string;
  endUnixNano: string;
  statusCode: number;
  statusMessage: string;
  receivedAt: string;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  events: { timeUnixNano: string; name: string; attributes: Record<string, unknown> }[];
  links: { traceId: string; spanId: string; attributes: Record<string, unknown> }[];
}

export interface FlowList {
  items: FlowSummary[];
  nextCursor: string | null;
  /** Counts all flows that match, over all pages; exact. */
  total: number;
  incomplete: boolean;
}

export interface SpanList {
  items: RawSpan[];
  total: number;
  truncated: boolean;
  /** Tells whether some spans are unreadable, for now or for good. */
  incomplete: boolean;
}

/** Lists any items; `incomplete` is true where there are more than are listed. */
export interface List<T> {
  items: T[];
  incomplete: boolean;
}

export interface FlowTypeSummary {
  type: string;
  environment: string;
  flows: number;
  open: number;
  failed: number;
  stuck: number;
  services: string[];
  /** Tells whether it has more services than are listed. */
  incomplete: boolean;
  p50DurationMs: number;
  p95DurationMs: number;
  lastStartedAtUnixNano: string;
}

export interface ServiceSummary {
  name: string;
  environment: string;
  versions: string[];
  flowTypes: string[];
  steps: number;
  failedSteps: number;
  /**
   * Lists destinations that this service sends to; `consumes` lists those that it consumes from.
   */
  sends: string[];
  consumes: string[];
  /** Tells whether there are more versions, flow types or destinations than are listed. */
  incomplete: boolean;
  /**
   * Lists processes whose clock is wrong now; a negative value is behind. The instance is '' where
   * the service reports none.
   */
  wrongClocks: { instance: string; aheadMs: number }[];
  firstSeenUnixNano: string;
  lastSeenUnixNano: string;
}

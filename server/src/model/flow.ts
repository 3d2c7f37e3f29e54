import type { Finding, WaitingFor } from './expectation.ts';
import type { MessageKind, Outcome, SpanError, SpanKey } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * Kinds of evidence that join spans into a flow, strongest first, with their strengths. Every edge
 * of a timeline shows its evidence.
 */
export const EVIDENCE_STRENGTH = {
  'flow-id': 1,
  parent: 0.95,
  link: 0.95,
  'ambient-flow-id': 0.8,
  'message-id': 0.7,
  'message-position': 0.7,
  conversation: 0.5,
  'identity-key': 0.5,
  trace: 0.4,
  place: 0.4,
} as const;
export type EvidenceKind = keyof typeof EVIDENCE_STRENGTH;
export interface Evidence {
  kind: EvidenceKind;
  /** Strength of this kind of evidence (`EVIDENCE_STRENGTH`), between 0 and 1. */
  strength: number;
}
/** Evidence that a step belongs to its flow, although no other step of the flow caused it. */
export interface JoinEvidence extends Evidence {
  /**
   * What the step has in common with other steps of the flow: a key such as `order.id=42`, a
   * conversation, a flow id or a trace.
   */
  value: string;
}
export const evidence = (kind: EvidenceKind): Evidence => ({
  kind,
  strength: EVIDENCE_STRENGTH[kind],
});

export type Phase = 'open' | 'compensating' | 'ended';
export type Health = 'ok' | 'late' | 'stuck';
export type Status = 'active' | 'compensating' | 'late' | 'stuck' | Outcome;
export type StepStatus = 'running' | 'ok' | 'failed' | 'retried';
export type HopState = 'waiting' | 'delivered' | 'dead-lettered';

/**
 * Peculiarities of how a flow was put together, which the dashboard shows to users. The names of
 * badges are part of the API.
 */
export type Badge =
  | 'broken-context'
  | 'clock-skew'
  | 'missing-parent'
  | 'unseen-cause'
  | 'shared'
  | 'duplicate-processing'
  | 'cycle'
  | 'repaired'
  | 'id-conflict'
  | 'contradictory-outcome'
  | 'work-after-answer'
  | 'sampled'
  | 'imported'
  | 'no-known-consumer'
  | 'truncated';

export interface Attempt {
  number: number;
  start: UnixNanos;
  end: UnixNanos | null;
  status: 'running' | 'ok' | 'failed';
  spanId: string;
  error: SpanError | null;
}

export interface Step {
  id: string;
  /**
   * Identifies the step in all flows of the type. It is made of the service, the operation, and the
   * destination, route or declared name. It never contains the raw span name, which may hold ids.
   */
  typeKey: string;
  name: string;
  service: string;
  /** Version of the service; '' if unknown. */
  serviceVersion: string;
  /** Process (instance) of the service; '' if unknown. */
  instance: string;
  kind: string;
  status: StepStatus;
  result: string | null;
  attempts: Attempt[];
  /** Start in causal time, which is shifted so that no message is received before it was sent. */
  start: UnixNanos;
  end: UnixNanos | null;
  /** Difference between causal and raw times of the step, ms. */
  skewMs: number;
  causedBy: string[];
  /** Id of the step that this step compensates. If that step is unknown, its name as reported. */
  compensates: string | null;
  compensatedBy: string[];
  error: SpanError | null;
  spanIds: string[];
  traceId: string;
  shared: boolean;
  badges: Badge[];
  /** Time when the span that gives the step its name was received, epoch ms. */
  receivedMs: number;
  /** Time when the span of the step that ends last was received, epoch ms. */
  endReceivedMs: number;
  /** Time when the step's failure was first received, epoch ms; null if it did not fail. */
  failureReceivedMs: number | null;
  /** Time of the last sign of life of a running step (its start or a heartbeat), epoch ms. */
  aliveMs: number;
  /** Deadline for the end of the step, epoch ms; null if it declares none. */
  deadlineMs: number | null;
  /** Names of the steps that must still follow this step (routing slip). */
  itinerary: string[];
  /** Periods in which no span of the step was open, such as a wait for a timer. */
  idle?: Idle[];
  /**
   * Evidence that joins this step to other steps of the flow, strongest first. Set only if no step
   * of the flow caused this step, and the flow has several such steps.
   */
  joinedBy?: JoinEvidence[];
  /** Set if the span that received the message ended before the work, or if no work followed. */
  receipt?: Receipt;
}

export interface Receipt {
  /** Service, destination and consumer group that received the message. */
  place: string;
  /** True if work followed the delivery. */
  isHandled: boolean;
}

export interface Idle {
  start: UnixNanos;
  end: UnixNanos;
}

export interface Hop {
  id: string;
  message: { kind: MessageKind; type: string; id: string; system: string; destination: string };
  from: string | null;
  to: string | null;
  consumerGroup: string | null;
  state: HopState;
  attempts: number;
  sendSpanId: string | null;
  receiveSpanId: string | null;
  sent: UnixNanos;
  received: UnixNanos | null;
  /**
   * Time when the caller received the response; null if unknown, and for messages whose sender did
   * not wait for one.
   */
  returned: UnixNanos | null;
  /**
   * Wait of the message, ms: the causal time from the end of the send span, or from its start if it
   * lasted until the answer, to the start of the process span. Never negative.
   */
  waitMs: number | null;
  skewed: boolean;
  /** True if the hop is a synchronous call; false if it is a message. */
  sync: boolean;
  evidence: Evidence[];
  /**
   * Strength of the strongest evidence of this hop. Several strengths are not combined. With
   * evidence `place` it is the strength of that, because the others only say that the flow is one.
   */
  confidence: number;
}

export interface Relation {
  flowId: string | null;
  kind: 'parent' | 'child' | 'shares-key' | 'caused-by' | 'causes' | 'previous-run' | 'link';
  viaSpanId: string;
  /**
   * Names the related trace and span, or holds the key of that flow, or its name if it is unknown.
   */
  target: string;
  /** Business key that both flows have, `name=value`; only if they share one. */
  shared?: string;
}

/** A span below a shared span that no evidence attributes to a flow. */
export interface Unattributed {
  traceId: string;
  spanId: string;
  name: string;
  service: string;
  underSpanId: string;
}

/** A next step that a service announced for this flow. Instants are epoch ms. */
export interface Expected {
  step: string;
  service: string | null;
  saidAtMs: number;
  deadlineMs: number | null;
  bySpanId: string;
}

/** A flow with its whole timeline, which is computed from the flow's spans alone. */
export interface Flow {
  id: string;
  environment: string;
  type: string;
  /** Version of the flow's definition, as reported by spans; '' if unknown. */
  typeVersion: string;
  /** Deadline for the end of the flow, epoch ms; null if it declares none. */
  deadlineMs: number | null;
  expects: Expected[];
  /** Explicit flow id, or else the first business key; '' if the flow has neither. */
  key: string;
  run: number;
  phase: Phase;
  outcome: Outcome | null;
  /**
   * Outcome that the flow gets after it has been idle for long enough (`viewAt`). Null if the flow
   * has ended already, or still waits for something.
   */
  idleOutcome: Outcome | null;
  /** Set if the flow's start was declared. Then its end may be declared as well. Not stored. */
  startDeclared?: true;
  /**
   * Set if the flow consists only of calls, internal work and polls without a message, and has no
   * name. Then no request or message triggered it. Not stored.
   */
  unasked?: true;
  health: Health;
  status: Status;
  statusSince: UnixNanos;
  started: UnixNanos;
  lastProgress: UnixNanos;
  ended: UnixNanos | null;
  durationMs: number;
  rawDurationMs: number;
  failedSteps: number;
  services: string[];
  keys: [string, string][];
  /** The parent flow's `id`, or its `flowId` if the parent's type is unknown. */
  parentId: string | null;
  incomplete: boolean;
  truncated: boolean;
  badges: Badge[];
  steps: Step[];
  hops: Hop[];
  relations: Relation[];
  unattributed: Unattributed[];
  /** Former ids of this flow. */
  aliases: string[];
  spanCount: number;
  /** Keys of the flow's spans, which are reloaded from the store when a late span arrives. */
  members: readonly SpanKey[];
  /** Keys of the surrounding spans that other flows share, which are reloaded as well. */
  context: readonly SpanKey[];
  /** Explicit flow id; '' if the flow is named after its trace. */
  flowId: string;
  /** Tokens by which spans find this flow: messages, conversations, identity keys; no traces. */
  tokens: string[];
  /** Greatest `receivedAtMs` of the flow's spans. */
  lastReceivedMs: number;
  /**
   * Steps and messages that the flow waits for, derived from the timeline, the learned model and
   * the current time.
   */
  waitingFor: WaitingFor[];
  findings: Finding[];
  /** Time when the flow is evaluated again even without a new span, epoch ms; null if never. */
  lookAtMs: number | null;
}

/**
 * Returns the flow in its state at `nowMs`. A flow without a declared end counts as ended once
 * `nowMs` reaches `settlesAtMs` and the flow has been idle. This form is computed at each read. If
 * it were stored, every flow would be written twice.
 */
export function viewAt(flow: Flow, version: number, settlesAtMs: number, nowMs: number): FlowView {
  if (flow.idleOutcome === null || nowMs < settlesAtMs) return { flow, version };
  const settled: Flow = {
    ...flow,
    phase: 'ended',
    outcome: flow.idleOutcome,
    status: flow.idleOutcome,
    statusSince: flow.lastProgress,
    ended: flow.lastProgress,
  };
  return { flow: settled, version: version + 1 };
}

/**
 * A flow as readers see it. Stored rows have even versions. The next odd version is the same row,
 * shown as ended because the flow was idle (`viewAt`).
 */
export interface FlowView {
  flow: Flow;
  version: number;
}

/**
 * Cause of a span, by the key of the causing span. That span may be in any flow, or may not have
 * arrived.
 */
export interface KnownCause {
  key: string;
  kinds: EvidenceKind[];
}

/**
 * A span that belongs to no flow, because several flows share it or no evidence attributes it to
 * one.
 */
export interface UnattributedRow {
  key: SpanKey;
  receivedAtMs: number;
  /** Tokens by which other spans find this span, like `Flow.tokens`. */
  tokens: string[];
  causes: KnownCause[];
}

/**
 * A change that the projection passes to the store: the newest form of a flow; a tombstone for an
 * id that no flow has any more; or a row by which an unattributed span is found. The last is never
 * shown.
 */
export type FlowChange = ProjectedFlow | Tombstone | UnattributedChange;

export interface ProjectedFlow {
  kind: 'flow';
  id: string;
  version: number;
  flow: Flow;
}

export interface Tombstone {
  kind: 'tombstone';
  id: string;
  version: number;
  /** Id of the flow that now contains the spans of the former flow; null if there is none. */
  movedTo: string | null;
}

export interface UnattributedChange {
  kind: 'unattributed';
  id: string;
  version: number;
  row: UnattributedRow;
}

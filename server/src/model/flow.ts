import type { Finding, WaitingFor } from './expectation.ts';
import type { MessageKind, Outcome, SpanError, SpanKey } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * Lists the kinds of evidence by which two things are joined, strongest first, with the strength of
 * each kind. Every edge of a timeline shows its evidence ("joins with proof").
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
} as const;
export type EvidenceKind = keyof typeof EVIDENCE_STRENGTH;
export interface Evidence {
  kind: EvidenceKind;
  /** Holds the strength of this kind of evidence, from EVIDENCE_STRENGTH; between 0 and 1. */
  strength: number;
}
/** Tells why a step belongs to its flow although nothing in the flow caused the step. */
export interface JoinEvidence extends Evidence {
  /**
   * Names what the step and the rest of the flow have in common: `order.id=42`, a conversation, a
   * flow id or a trace.
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
 * Lists what a user should know about how a flow was put together. The dashboard shows badges, and
 * their names are part of the API.
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
   * Identifies the step among all flows of the type. It is made of service, operation, and
   * destination, route or declared name; never of the raw span name.
   */
  typeKey: string;
  name: string;
  service: string;
  /** Holds the version of the service, or '' if the service reports none. */
  serviceVersion: string;
  /** Names the process (instance) of the service, or '' if the service reports none. */
  instance: string;
  kind: string;
  status: StepStatus;
  result: string | null;
  attempts: Attempt[];
  /** Start in causal time, in which times are shifted so that no receive precedes its send. */
  start: UnixNanos;
  end: UnixNanos | null;
  /** The times of the step were shifted by this much to get causal times, in ms. */
  skewMs: number;
  causedBy: string[];
  /**
   * Names the step that this step compensates, by `id` or, if that is unknown, as it was reported.
   */
  compensates: string | null;
  compensatedBy: string[];
  error: SpanError | null;
  spanIds: string[];
  traceId: string;
  shared: boolean;
  badges: Badge[];
  /** The span that gives the step its name was committed at this instant, in ms. */
  receivedMs: number;
  /** The last span of the step to end was committed at this instant, in ms. */
  endReceivedMs: number;
  /** The step's failure was first received at this instant, in ms; null: no failure. */
  failureReceivedMs: number | null;
  /**
   * A running step last showed a sign of life (its start or a heartbeat) at this instant, in ms.
   */
  aliveMs: number;
  /** The step should have ended at this instant, in ms; null: the step declares no deadline. */
  deadlineMs: number | null;
  /** Lists the steps that are still to come after this step (routing slip). */
  itinerary: string[];
  /**
   * Lists periods in which no span of the step was open: for example, a handler answered and
   * continued later by a timer.
   */
  idle?: Idle[];
  /**
   * Lists what the step and the rest of the flow have in common, strongest first. Set only if
   * nothing in the flow caused this step and the flow has several such steps.
   */
  joinedBy?: JoinEvidence[];
  /** Set if the delivery has a span that ended before the work, or if no work followed. */
  receipt?: Receipt;
}

export interface Receipt {
  /** Names the service, destination and consumer group that received the message. */
  place: string;
  /** Tells whether work followed the delivery. */
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
   * The caller had the answer to the call at this instant. Null for messages, and for calls whose
   * spans do not tell when the answer came.
   */
  returned: UnixNanos | null;
  /**
   * The message waited for this time, in ms of causal time, from the end of the send span to the
   * start of the process span; never negative.
   */
  waitMs: number | null;
  skewed: boolean;
  /** Is true if the hop is a synchronous call, false if it is a message. */
  sync: boolean;
  evidence: Evidence[];
  /** Strength of the strongest evidence for this hop. Strengths are not combined. */
  confidence: number;
}

export interface Relation {
  flowId: string | null;
  kind: 'parent' | 'child' | 'caused-by' | 'causes' | 'previous-run' | 'link';
  viaSpanId: string;
  /**
   * Names the related trace and span. For a parent or child flow, holds the key of that flow, or
   * the reported name if that flow is unknown.
   */
  target: string;
}

/** Names a span below a shared span, because no evidence attributes the span to a flow. */
export interface Unattributed {
  traceId: string;
  spanId: string;
  name: string;
  service: string;
  underSpanId: string;
}

/** Holds a next step that a service announced for this one flow. Instants are in ms. */
export interface Expected {
  step: string;
  service: string | null;
  saidAtMs: number;
  deadlineMs: number | null;
  bySpanId: string;
}

/** Holds one flow with its whole timeline, which is computed from the flow's spans alone. */
export interface Flow {
  id: string;
  environment: string;
  type: string;
  /** Holds the version of the flow's definition as spans report it, or '' if they report none. */
  typeVersion: string;
  /** The flow should have ended at this instant, in ms; null: the flow declares no deadline. */
  deadlineMs: number | null;
  expects: Expected[];
  /** Holds the explicit flow id; without one, the first business key; without both, ''. */
  key: string;
  run: number;
  phase: Phase;
  outcome: Outcome | null;
  /**
   * The flow gets this outcome once it has been idle for long enough (`viewAt`); null: the flow has
   * ended already, or still waits for something.
   */
  idleOutcome: Outcome | null;
  /** Set if the flow's start was declared, so that its end may be declared. Not stored. */
  startDeclared?: true;
  /**
   * Set if the flow has only spans of calls and of internal work, or of polls that took no message,
   * and nobody gave it a name: nothing asked for this work. Not stored.
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
  /** Names the parent flow: by its `id`, or by its `flowId` if the parent's type is unknown. */
  parentId: string | null;
  incomplete: boolean;
  truncated: boolean;
  badges: Badge[];
  steps: Step[];
  hops: Hop[];
  relations: Relation[];
  unattributed: Unattributed[];
  /** Lists the ids that this flow had earlier. */
  aliases: string[];
  spanCount: number;
  /** Lists the keys of the flow's spans, which the store reloads when a late span arrives. */
  members: readonly SpanKey[];
  /** Lists the keys of the shared spans around the flow, which the store reloads, too. */
  context: readonly SpanKey[];
  /** Holds the explicit flow id, or '' if the flow is named after its trace. */
  flowId: string;
  /**
   * Lists the tokens by which spans find this flow (messages, conversations, identity keys). Traces
   * are not among them.
   */
  tokens: string[];
  /** Holds the newest `receivedAtMs` of the flow's spans. */
  lastReceivedMs: number;
  /**
   * Lists steps and messages that the flow waits for. They are derived from the timeline, the
   * learned model and the present time.
   */
  waitingFor: WaitingFor[];
  findings: Finding[];
  /** The flow is evaluated again at this instant, in ms, even if no span arrives; null: never. */
  lookAtMs: number | null;
}

/**
 * Returns the flow as it looks at `nowMs`. A flow without a declared end counts as ended if it has
 * been idle and `nowMs` has reached `settlesAtMs`. The ended form is computed for each reader and
 * not stored, because otherwise every flow would be written twice.
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
 * Holds a flow as readers see it. A stored row has an even version. The odd version that follows is
 * the same row, shown as ended because the flow was idle (`viewAt`).
 */
export interface FlowView {
  flow: Flow;
  version: number;
}

/** Names the cause of a span. The causing span may be in any flow, or may never arrive. */
export interface KnownCause {
  key: string;
  kinds: EvidenceKind[];
}

/** Holds a span of no flow: several flows share it, or nothing attributes it to a flow. */
export interface UnattributedRow {
  key: SpanKey;
  receivedAtMs: number;
  /** Lists the tokens by which other spans find this span, like `Flow.tokens`. */
  tokens: string[];
  causes: KnownCause[];
}

/**
 * Carries a change from the projection to the store. It is one of three: a flow in its newest form;
 * a tombstone, for an id that no flow has any more; or a row that is never shown and by which an
 * unattributed span is found.
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
  /** Id of the flow to which the spans of the former flow belong now; null: no flow. */
  movedTo: string | null;
}

export interface UnattributedChange {
  kind: 'unattributed';
  id: string;
  version: number;
  row: UnattributedRow;
}

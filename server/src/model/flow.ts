import type { Finding, WaitingFor } from './expectation.ts';
import type { MessageKind, Outcome, SpanError, SpanKey } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * Tells why two things were joined, strongest first. Every edge of a timeline shows it ("joins with
 * proof").
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
  /** Holds a number from 0 to 1, out of EVIDENCE_STRENGTH. */
  strength: number;
}
/** Tells why a step is in its flow although nothing in the flow caused it. */
export interface JoinEvidence extends Evidence {
  /**
   * Names what it has in common with the rest of the flow: `order.id=42`, a conversation, a flow id
   * or a trace.
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
 * Lists what is worth knowing about how a flow was put together. Badges are shown; the words are
 * part of the API.
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
   * Is made of service, operation, and destination, route or declared name; never of the raw span
   * name.
   */
  typeKey: string;
  name: string;
  service: string;
  /** Holds the version of that service, '' where it reports none. */
  serviceVersion: string;
  /** Names the process of that service, '' where it reports none. */
  instance: string;
  kind: string;
  status: StepStatus;
  result: string | null;
  attempts: Attempt[];
  /** The start is in causal time: shifted so that no receive precedes its send. */
  start: UnixNanos;
  end: UnixNanos | null;
  /** Raw time was shifted by this much to causal time, in ms. */
  skewMs: number;
  causedBy: string[];
  /** Names the step that it compensates: our id where its service reported one, else the name. */
  compensates: string | null;
  compensatedBy: string[];
  error: SpanError | null;
  spanIds: string[];
  traceId: string;
  shared: boolean;
  badges: Badge[];
  /** The span that names the step was committed at this instant, in ms. */
  receivedMs: number;
  /** The span that ended last was committed at this instant, in ms. */
  endReceivedMs: number;
  /** The failure was first received at this instant, in ms; null: it did not fail. */
  failureReceivedMs: number | null;
  /**
   * A running step last showed a sign of life at this instant, in ms: its start, or a heartbeat.
   */
  aliveMs: number;
  /** It should have ended at this instant, in ms; null: none is declared. */
  deadlineMs: number | null;
  /** Lists the steps still to come after this one (routing slip). */
  itinerary: string[];
  /**
   * Lists periods in which none of its spans was open: for example, it answered and went on by a
   * timer.
   */
  idle?: Idle[];
  /**
   * Set only where the flow has several steps that nothing in it caused, and this is one; strongest
   * first.
   */
  joinedBy?: JoinEvidence[];
  /** Set where the delivery has a span that ended before the work, or that no work followed. */
  receipt?: Receipt;
}

export interface Receipt {
  /** Names the service, destination and consumer group that received it. */
  place: string;
  /** Tells whether work followed it. */
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
   * The caller had its answer at this instant; null for messages, and where no span of the call
   * tells.
   */
  returned: UnixNanos | null;
  /**
   * The message waited from the end of the send span to the start of the process span, in causal
   * ms; never negative.
   */
  waitMs: number | null;
  skewed: boolean;
  /** Is true for a synchronous call, false for a message. */
  sync: boolean;
  evidence: Evidence[];
  /** Holds the strength of its strongest evidence (a product rule). */
  confidence: number;
}

export interface Relation {
  flowId: string | null;
  kind: 'parent' | 'child' | 'caused-by' | 'causes' | 'previous-run' | 'link';
  viaSpanId: string;
  /**
   * Names a trace and span; for a parent or child its flow key, or its reported name where that
   * flow is unknown.
   */
  target: string;
}

/** Lists a span with a shared span, because no evidence attributes it to a flow. */
export interface Unattributed {
  traceId: string;
  spanId: string;
  name: string;
  service: string;
  underSpanId: string;
}

/** Holds the next step as a service announced it for this flow alone. Instants are in ms. */
export interface Expected {
  step: string;
  service: string | null;
  saidAtMs: number;
  deadlineMs: number | null;
  bySpanId: string;
}

/** Holds one flow with its whole timeline; it is a function of its spans and of nothing else. */
export interface Flow {
  id: string;
  environment: string;
  type: string;
  /** Holds the version of its definition, '' where none is reported. */
  typeVersion: string;
  /** It should have ended at this instant, in ms; null: none is declared. */
  deadlineMs: number | null;
  expects: Expected[];
  /** Holds the explicit flow id, or the first business key, or ''. */
  key: string;
  run: number;
  phase: Phase;
  outcome: Outcome | null;
  /**
   * It is given this outcome once it was idle for long enough (`viewAt`); null: it ended, or
   * something is still awaited.
   */
  idleOutcome: Outcome | null;
  /** Its start was declared, so its end may be declared too. Not stored. */
  startDeclared?: true;
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
  /**
   * Names the flow that it is part of: our id, or the flow id alone where the parent's type is not
   * reported.
   */
  parentId: string | null;
  incomplete: boolean;
  truncated: boolean;
  badges: Badge[];
  steps: Step[];
  hops: Hop[];
  relations: Relation[];
  unattributed: Unattributed[];
  /** Lists former ids of this flow. */
  aliases: string[];
  spanCount: number;
  /** Lists the keys of its spans, which the store reloads when a late span arrives. */
  members: readonly SpanKey[];
  /** Lists the keys of the shared spans around the flow, which are reloaded too. */
  context: readonly SpanKey[];
  /** Holds the explicit id, or '' for a flow named by its trace. */
  flowId: string;
  /**
   * Lists tokens other than traces that lead to this flow (messages, conversations, identity keys).
   */
  tokens: string[];
  /** Holds the newest `receivedAtMs` among its spans. */
  lastReceivedMs: number;
  /**
   * Lists expected steps and messages: a function of the timeline, of the learned model, and of
   * now.
   */
  waitingFor: WaitingFor[];
  findings: Finding[];
  /** It is re-evaluated at this instant, in ms, although nothing arrives; null: never. */
  lookAtMs: number | null;
}

/**
 * Returns a flow as it looks at `nowMs`. Many flows have no declared end; they count as ended once
 * they were idle until `settlesAtMs`. That view is never stored, or every flow would be written
 * twice.
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
 * Holds a flow as a reader sees it. Stored rows have even versions; the odd version that follows is
 * the same row after the flow has settled.
 */
export interface FlowView {
  flow: Flow;
  version: number;
}

/** Names a cause of a span, by key. The causing span may be in any flow, or may never arrive. */
export interface KnownCause {
  key: string;
  kinds: EvidenceKind[];
}

/** Holds a span that belongs to no flow: several share it, or none has evidence for it. */
export interface UnattributedRow {
  key: SpanKey;
  receivedAtMs: number;
  /** Lists the same as `Flow.tokens`. */
  tokens: string[];
  causes: KnownCause[];
}

/**
 * Carries a change from the projection to the store: a flow in its newest form, the tombstone of a
 * name that a flow no longer has, or the row under which an unattributed span is found, which is
 * never shown.
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
  /** Names the flow that its spans belong to now, by id; null: none. */
  movedTo: string | null;
}

export interface UnattributedChange {
  kind: 'unattributed';
  id: string;
  version: number;
  row: UnattributedRow;
}

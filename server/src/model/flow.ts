import type { Finding, WaitingFor } from './expectation.ts';
import type { MessageKind, Outcome, SpanError, SpanKey } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * Why two things were joined, strongest first. Shown on every edge of a timeline ("joins with
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
  /** 0 … 1, from EVIDENCE_STRENGTH. */
  strength: number;
}
/** Why a step that nothing in its flow caused is in it. */
export interface JoinEvidence extends Evidence {
  /**
   * What it has in common with the rest of the flow: `order.id=42`, a conversation, a flow id, a
   * trace.
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
 * Things worth knowing about how a flow was put together. Rendered as badges; the words are the
 * API's.
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
  /** (service, operation, destination or route or declared name); never the raw span name. */
  typeKey: string;
  name: string;
  service: string;
  /** Version of that service, '' where it did not say. */
  serviceVersion: string;
  /** Which of its processes, '' where it did not say. */
  instance: string;
  kind: string;
  status: StepStatus;
  result: string | null;
  attempts: Attempt[];
  /** Causal time: shifted so that no receive precedes its send. */
  start: UnixNanos;
  end: UnixNanos | null;
  /** How far causal time was shifted from the raw time, ms. */
  skewMs: number;
  causedBy: string[];
  /** Of the step that it undoes: our id where its service gave that one an id, else the name. */
  compensates: string | null;
  compensatedBy: string[];
  error: SpanError | null;
  spanIds: string[];
  traceId: string;
  shared: boolean;
  badges: Badge[];
  /** When the span that the step is named by was committed, ms. */
  receivedMs: number;
  /** When the span that ended last was committed, ms. */
  endReceivedMs: number;
  /** When it was first heard that the step failed, ms; null: it did not. */
  failureReceivedMs: number | null;
  /** Latest sign of life of a running step, ms: its start, or a heartbeat. */
  aliveMs: number;
  /** When it should have ended, ms; null: nobody said. */
  deadlineMs: number | null;
  /** Routing slip: steps still to come after this one. */
  itinerary: string[];
  /** While none of its spans was open: it answered, say, and went on by a timer. */
  idle?: Idle[];
  /**
   * Only of a step that nothing in the flow caused, where the flow has several of those; strongest
   * first.
   */
  joinedBy?: JoinEvidence[];
  /** Its delivery has a span that ended before the work, or without any. */
  receipt?: Receipt;
}

export interface Receipt {
  /** Service, destination and group that took it. */
  place: string;
  /** Work came after it. */
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
  /** When the caller had its answer; null where no span of the call says so, and for messages. */
  returned: UnixNanos | null;
  /** End of the send span to start of the process span in causal time, never negative. */
  waitMs: number | null;
  skewed: boolean;
  /** A synchronous call rather than a message. */
  sync: boolean;
  evidence: Evidence[];
  /** Product rule: the strongest evidence's strength. */
  confidence: number;
}

export interface Relation {
  flowId: string | null;
  kind: 'parent' | 'child' | 'caused-by' | 'causes' | 'previous-run' | 'link';
  viaSpanId: string;
  /** A trace and span; of a parent or child its key, or what it is called where it is not known. */
  target: string;
}

/** A span listed with a shared span because nothing says whose it is. */
export interface Unattributed {
  traceId: string;
  spanId: string;
  name: string;
  service: string;
  underSpanId: string;
}

/** Somebody said, for this flow alone, what comes next. Instants in ms. */
export interface Expected {
  step: string;
  service: string | null;
  saidAtMs: number;
  deadlineMs: number | null;
  bySpanId: string;
}

/** One flow with its whole timeline: a function of its spans and of nothing else. */
export interface Flow {
  id: string;
  environment: string;
  type: string;
  /** Version of its definition, '' where nobody said. */
  typeVersion: string;
  /** When it should have ended, ms; null: nobody said. */
  deadlineMs: number | null;
  expects: Expected[];
  /** The explicit flow id, or the first business key, or ''. */
  key: string;
  run: number;
  phase: Phase;
  outcome: Outcome | null;
  /**
   * How it counts as ended once it was quiet for long enough (`viewAt`); null: it ended, or
   * something is still awaited.
   */
  idleOutcome: Outcome | null;
  /** Somebody said that it starts: whoever says so may say as well when it ends. Not stored. */
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
  /** Of the flow that it is part of: our id, or, where its type was not said, the flow id alone. */
  parentId: string | null;
  incomplete: boolean;
  truncated: boolean;
  badges: Badge[];
  steps: Step[];
  hops: Hop[];
  relations: Relation[];
  unattributed: Unattributed[];
  /** Names this flow was shown under before. */
  aliases: string[];
  spanCount: number;
  /** What the store reloads when a late span arrives. */
  members: readonly SpanKey[];
  /** The same for shared spans around the flow. */
  context: readonly SpanKey[];
  /** Explicit id, or '' for a flow named by its trace. */
  flowId: string;
  /** Tokens other than traces that lead to this flow (messages, conversations, identity keys). */
  tokens: string[];
  /** Newest `receivedAt` among its spans, ms. */
  lastReceivedMs: number;
  /** What should come next; a function of the timeline, what was learned, and now. */
  waitingFor: WaitingFor[];
  findings: Finding[];
  /** When its judgement may change although nothing arrives, ms; null: never. */
  lookAtMs: number | null;
}

/**
 * A flow as it is to be seen at `nowMs`. Nothing declares the end of many flows; they count as
 * ended once they were quiet until `settlesAtMs`. That is a view of time and never written, or
 * every flow would be written twice.
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
 * Versions of what is written are even; the odd one after it is the same row, seen once the flow
 * has settled.
 */
export interface FlowView {
  flow: Flow;
  version: number;
}

/** What caused a span, by key: that span may be anywhere, or nowhere. */
export interface KnownCause {
  key: string;
  kinds: EvidenceKind[];
}

/** A span that belongs to no flow: shared by several, or attributed to none. */
export interface UnattributedRow {
  key: SpanKey;
  receivedAtMs: number;
  /** As in `Flow.tokens`. */
  tokens: string[];
  causes: KnownCause[];
}

/**
 * What the projection gives to the store: a flow in its newest form, the tombstone of a name that a
 * flow no longer has, or the row under which an unattributed span is found, which nobody is shown.
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
  /** The flow that its spans belong to now; null: to none. */
  movedTo: string | null;
}

export interface UnattributedChange {
  kind: 'unattributed';
  id: string;
  version: number;
  row: UnattributedRow;
}

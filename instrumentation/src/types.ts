import type { MESSAGE_KINDS, OUTCOMES } from './semconv.ts';

export type MessageKind = (typeof MESSAGE_KINDS)[number];
export type FlowOutcome = (typeof OUTCOMES)[number];

/** One run of a business process. */
export interface Flow {
  /** Opaque id, unique among flows of the type. Best is the business id, `order-42`. */
  id: string;
  /** Kind of process, low cardinality: `order-fulfilment`. */
  type?: string;
  version?: string;
  /**
   * Business keys by which the flow can be found: `{ order_id: '42' }`. They are put onto this
   * service's spans only, not into baggage.
   */
  keys?: Record<string, string>;
  /** Deadline of the whole flow, epoch ms. It is put onto this service's spans only, too. */
  deadline?: number;
}

/** A publisher's description of a message. */
export interface OutgoingMessage {
  /** Meaning of the message (`OrderCreated`), not its destination. */
  type: string;
  /** Queue, topic or exchange. */
  destination: string;
  /** `rabbitmq`, `kafka`, `nats` … (`messaging.system`). */
  system: string;
  /** Id of the message; default: a random UUID. */
  id?: string;
  /** Headers of the application. Context is added to a copy of them. */
  headers?: Record<string, unknown>;
  /** Flow of the message; default: the current flow. */
  flow?: Flow;
  /** Time at which the message was handed over, epoch ms with fraction; default: now. */
  startTime?: number;
  /** Routing slip: names of the steps still to come, the receiver's first. */
  itinerary?: readonly string[];
  /** Why the message whose headers are passed on failed, if it is sent again, or away, for that. */
  failure?: string;
  /** Further attributes of the message that the client knows. */
  attributes?: Record<string, string | number | boolean>;
}

/** A consumer's description of a message. */
export interface IncomingMessage {
  destination: string;
  system: string;
  headers?: Record<string, unknown> | undefined;
  /** Meaning of the message; used only if the headers do not name the message's type. */
  type?: string;
  id?: string;
  /** Consumer group, subscription or queue that this handler shares with its replicas. */
  group?: string;
  /** Name of the step; default: the message type. */
  step?: string;
  /** Number of this delivery of the message, 1 for the first delivery. */
  attempt?: number;
  /** The queue in which the message failed, if it comes through a dead-letter queue. */
  deadLetteredFrom?: string;
  /** Number of messages that wait behind this one for the same group. */
  lag?: number;
  /** Further attributes of the message that the client knows: partition, offset, sequence. */
  attributes?: Record<string, string | number | boolean>;
  /**
   * Number of messages in the delivery. If it is above 1, the span belongs to no single message.
   */
  batchSize?: number;
}

export interface StepOptions {
  /** Id of this run of the step; needed only if the step runs several times in one flow. */
  id?: string;
  kind?: 'task' | 'timer' | 'human' | 'compensation';
  attempt?: number;
  /** Deadline of the step, epoch ms. */
  deadline?: number;
  attributes?: Record<string, string | number | boolean>;
}

/** Definition of a flow type. Durations are texts like `30s`, `15m`, `3d`. */
export interface FlowDefinition {
  version?: string;
  /** Time limit of the whole flow, and of each step that declares none of its own. */
  within?: string;
  steps: (FlowStep | FlowChoice)[];
  /** Steps or messages that end the flow; the default outcome is `completed`. */
  ends?: { step: string; outcome?: FlowOutcome }[];
  /** True if steps must be undone in the reverse order in which they were done. */
  undoInOrder?: boolean;
}

export interface FlowStep {
  /** Name of the step, or type of the message that the step handles. */
  name: string;
  service?: string;
  after?: string | string[];
  within?: string;
  optional?: boolean;
  /** Name of the step that undoes this one. */
  compensatedBy?: string;
}

/** Alternatives of which one done step is enough. */
export interface FlowChoice {
  oneOf: (string | Pick<FlowStep, 'name' | 'service' | 'compensatedBy'>)[];
  after?: string | string[];
  within?: string;
  optional?: boolean;
}

import type { MESSAGE_KINDS, OUTCOMES } from './semconv.ts';

export type MessageKind = (typeof MESSAGE_KINDS)[number];
export type FlowOutcome = (typeof OUTCOMES)[number];

/** One run of a business process. */
export interface Flow {
  /** Opaque and unique for its type: best the business id, `order-42`. */
  id: string;
  /** Kind of process, low cardinality: `order-fulfilment`. */
  type?: string;
  version?: string;
  /**
   * Business keys to find the flow by: `{ order_id: '42' }`. They stay on this service's spans, not
   * in baggage.
   */
  keys?: Record<string, string>;
  /** Deadline of the whole flow, epoch ms. Stays on this service's spans, too. */
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
  /** Headers of the application; context is added to a copy. */
  headers?: Record<string, unknown>;
  /** Flow of the message; default: the current one. */
  flow?: Flow;
  /** Time at which the message was handed over, epoch ms with fraction; default: now. */
  startTime?: number;
  /** Routing slip: names of the steps still to come, the receiver's first. */
  itinerary?: readonly string[];
}

/** A consumer's description of a message. */
export interface IncomingMessage {
  destination: string;
  system: string;
  headers?: Record<string, unknown> | undefined;
  /** Meaning of the message, for headers that do not name it. */
  type?: string;
  id?: string;
  /** Consumer group, subscription or queue that this handler shares with its replicas. */
  group?: string;
  /** Name of the step; default: the message type. */
  step?: string;
  /** Number of the delivery, 1 for the first. */
  attempt?: number;
  /** The queue in which the message failed, when it comes through a dead-letter queue. */
  deadLetteredFrom?: string;
  /** Number of messages that wait behind this one for the same group. */
  lag?: number;
  /** Further attributes that the client knows: partition, offset, sequence. */
  attributes?: Record<string, string | number | boolean>;
  /** Number of messages in one delivery; above 1 the span belongs to none of them alone. */
  batchSize?: number;
}

export interface StepOptions {
  /** Names the run of the step; needed only where one step runs several times in a flow. */
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
  /** Time limit of the whole flow, and of each step that has none of its own. */
  within?: string;
  steps: (FlowStep | FlowChoice)[];
  /** Steps or messages that end the flow; the outcome is `completed` where none is given. */
  ends?: { step: string; outcome?: FlowOutcome }[];
  /** True when steps must be undone in the reverse order of doing. */
  undoInOrder?: boolean;
}

export interface FlowStep {
  /** Name of the step, or type of the message that it handles. */
  name: string;
  service?: string;
  after?: string | string[];
  within?: string;
  optional?: boolean;
  /** Name of the step that undoes it. */
  compensatedBy?: string;
}

/** Alternatives of which one is enough. */
export interface FlowChoice {
  oneOf: (string | Pick<FlowStep, 'name' | 'service' | 'compensatedBy'>)[];
  after?: string | string[];
  within?: string;
  optional?: boolean;
}

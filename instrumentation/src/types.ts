import type { MESSAGE_KINDS, OUTCOMES } from './semconv.ts';

export type MessageKind = (typeof MESSAGE_KINDS)[number];
export type FlowOutcome = (typeof OUTCOMES)[number];

/** One run of a business process. */
export interface Flow {
  /**
   * Opaque id, unique among the flows of this type. Best is the id of the business object:
   * `order-42`.
   */
  id: string;
  /** Name of the business process, one of a small number: `order-fulfilment`. */
  type?: string;
  version?: string;
  /**
   * Business keys by which people can find the flow: `{ order_id: '42' }`. They are added to the
   * spans of this service only, not to baggage.
   */
  keys?: Record<string, string>;
  /** Deadline of the whole flow, epoch ms. It is added to the spans of this service only. */
  deadline?: number;
}

/** Description of a message that is being sent. */
export interface OutgoingMessage {
  /** Message type, which says what the message means (`OrderCreated`), not where it goes. */
  type: string;
  /** Name of the queue, topic or exchange. */
  destination: string;
  /** Name of the messaging system: `rabbitmq`, `kafka`, `nats` … (`messaging.system`). */
  system: string;
  /** Message id. Default: a random UUID. */
  id?: string;
  /** Headers of the application. The context is added to a copy of them. */
  headers?: Record<string, unknown>;
  /** Flow to which the message belongs. Default: the current flow. */
  flow?: Flow;
  /**
   * Time at which the application handed over the message, epoch ms with fraction. Default: now.
   */
  startTime?: number;
  /** Routing slip: names of the steps still to come, the receiver's first. */
  itinerary?: readonly string[];
  /**
   * If a received message is resent or moved to a dead-letter queue because it failed: the error
   * text.
   */
  failure?: string;
  /** Further span attributes of the message. */
  attributes?: Record<string, string | number | boolean>;
}

/** Description of a message that is being handled. */
export interface IncomingMessage {
  destination: string;
  system: string;
  headers?: Record<string, unknown> | undefined;
  /** Message type, used only if the headers do not name it. */
  type?: string;
  id?: string;
  /** Consumer group, subscription or queue. All replicas of the handler have the same. */
  group?: string;
  /** Name of the step that handles the message. Default: the message type. */
  step?: string;
  /** Number of this delivery of the message, 1 for the first delivery. */
  attempt?: number;
  /** Queue in which the message failed, if it comes from a dead-letter queue. */
  deadLetteredFrom?: string;
  /** Number of messages that wait behind this one for the same consumer group. */
  lag?: number;
  /** Further span attributes of the message, such as partition, offset or sequence. */
  attributes?: Record<string, string | number | boolean>;
  /**
   * Number of messages in the delivery. If it is above 1, the span belongs to no single message.
   */
  batchSize?: number;
}

export interface StepOptions {
  /**
   * Id of this execution of the step. It is needed only if the step runs several times in one flow.
   */
  id?: string;
  kind?: 'task' | 'timer' | 'human' | 'compensation';
  attempt?: number;
  /** Deadline of the step, epoch ms. */
  deadline?: number;
  attributes?: Record<string, string | number | boolean>;
}

/** Definition of a flow type. Durations are texts such as `30s`, `15m`, `3d`. */
export interface FlowDefinition {
  version?: string;
  /** Maximum duration of the whole flow, and of each step that declares none of its own. */
  within?: string;
  steps: (FlowStep | FlowChoice)[];
  /** Steps or messages that end the flow, with the outcome. Default outcome: `completed`. */
  ends?: { step: string; outcome?: FlowOutcome }[];
  /** True if compensation must undo the steps in reverse order. */
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

/** Alternative steps, of which one must be done. */
export interface FlowChoice {
  oneOf: (string | Pick<FlowStep, 'name' | 'service' | 'compensatedBy'>)[];
  after?: string | string[];
  within?: string;
  optional?: boolean;
}

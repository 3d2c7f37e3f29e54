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
   * Business keys to find the flow by: `{ order_id: '42' }`. Not baggage: they stay on this
   * service's spans.
   */
  keys?: Record<string, string>;
  /** When it should have ended, epoch ms. Stays on this service's spans, too. */
  deadline?: number;
}

/** What a publisher says of a message. */
export interface OutgoingMessage {
  /** `OrderCreated`: what it means, not where it goes. */
  type: string;
  /** Queue, topic or exchange. */
  destination: string;
  /** `rabbitmq`, `kafka`, `nats` … (`messaging.system`). */
  system: string;
  /** Default: a random UUID. */
  id?: string;
  /** Headers to carry; context is added to a copy. */
  headers?: Record<string, unknown>;
  /** Default: the current flow. */
  flow?: Flow;
  /** When it was handed over, epoch ms with fraction; default: now. */
  startTime?: number;
  /** Routing slip: names of the steps still to come, the receiver's first. */
  itinerary?: readonly string[];
}

/** What a consumer knows of a message. */
export interface IncomingMessage {
  destination: string;
  system: string;
  headers?: Record<string, unknown> | undefined;
  /** Where the headers do not say. */
  type?: string;
  id?: string;
  /** Consumer group, subscription or queue that this handler shares with its replicas. */
  group?: string;
  /** Name of the step; default: the message type. */
  step?: string;
  /** 1 for the first delivery. */
  attempt?: number;
  /** The queue in which it failed, when it comes through a dead-letter queue. */
  deadLetteredFrom?: string;
  /** Messages that wait behind this one for the same group. */
  lag?: number;
  /** What else the client knows: partition, offset, sequence. */
  attributes?: Record<string, string | number | boolean>;
  /** How many messages one delivery holds; above 1 the span is nobody's alone. */
  batchSize?: number;
}

export interface StepOptions {
  /** Names the run of the step; needed only where one step runs several times in a flow. */
  id?: string;
  kind?: 'task' | 'timer' | 'human' | 'compensation';
  attempt?: number;
  /** When it should have ended, epoch ms. */
  deadline?: number;
  attributes?: Record<string, string | number | boolean>;
}

/** What a flow type consists of. Durations are texts like `30s`, `15m`, `3d`. */
export interface FlowDefinition {
  version?: string;
  /** Time of the whole flow, and of each step that has none of its own. */
  within?: string;
  steps: (FlowStep | FlowChoice)[];
  /** Steps or messages that end it; outcome `completed` where none is given. */
  ends?: { step: string; outcome?: FlowOutcome }[];
  /** Undoing runs in the reverse order of doing. */
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

/** One of these is enough. */
export interface FlowChoice {
  oneOf: (string | Pick<FlowStep, 'name' | 'service' | 'compensatedBy'>)[];
  after?: string | string[];
  within?: string;
  optional?: boolean;
}

import type { FlowDefinition } from '@fermata/instrumentation';
import type { Segment } from '@fermata/server/contract';

/**
 * A scenario is data: which services there are, what each does when called or told, which faults
 * can strike, and what must be seen in Fermata for each. The demo, the tests and `npm run scenario`
 * run the same data through `service.ts`.
 */
export interface Scenario {
  name: string;
  summary: string;
  flowType: string;
  services: ServiceSpec[];
  /** Where the generator places an order. */
  entry: { service: string; path: string };
  /**
   * What Fermata is told of the flow type before the first order; none: it has only what it sees.
   */
  definition?: FlowDefinition;
  /** The same as a workflow of Conductor, for Fermata to import. */
  conductor?: object;
  faults: Record<string, Fault>;
  cases: Case[];
  /** What Fermata cannot show yet, and how to notice that it can. */
  later: Later[];
}

export interface ServiceSpec {
  name: string;
  http?: { path: string; do: Action[] }[];
  on?: Subscription[];
}

export interface Subscription {
  topic: string;
  /** Name of the step that handles it. */
  step: string;
  do: Action[];
}

export type Action =
  | { work: number }
  | { startFlow: Action[]; deadlineMs?: number }
  | { publish: string; to: string }
  | { command: string; to: string }
  | { reply: string; to: string }
  /** A synchronous call: `POST /path` of another service. A time-out or an error status throws. */
  | { call: string; of: string; timeoutMs?: number }
  | { parallel: Action[][] }
  | { step: string; do: Action[] }
  /** Undoes a step. */
  | { compensate: string; by: string; do?: Action[] }
  /** Flags stand on the order; a leading `!` asks for their absence. */
  | { if: string; do: Action[]; else?: Action[] }
  /** At most so many tries, with a pause before each further one that doubles. */
  | { attempt: Action[]; tries?: number; backoffMs?: number; onFailure?: Action[] }
  | { fail: string }
  | { end: 'completed' | 'failed' | 'compensated' | 'cancelled' }
  /** Gives the message a routing slip, and sends it to the first stop. */
  | { route: string[] }
  /** Sends it to the next stop of the slip that it came with. */
  | { forward: true }
  | { expect: string; withinMs: number }
  /** Keeps the order, to be published when the service is asked to replay. */
  | { keep: string }
  | { replay: string; to: string };

/** Strikes the orders that name it. */
export type Fault =
  /** Where it strikes: a service, and of that one step or path, or all. */
  | { service: string; step?: string; kind: 'slow'; ms: number }
  | { service: string; step?: string; kind: 'fail' | 'silent' | 'hang' | 'twice' }
  /**
   * The service's process ends before the order is placed, and is started again after it was looked
   * at.
   */
  | { service: string; kind: 'dead' }
  /** Fails so many deliveries, then succeeds. */
  | { service: string; step: string; kind: 'fail-times'; times: number }
  | { flag: string };

export interface Order {
  orderId: string;
  /** Business facts: `member`, `checked-today`. */
  flags: string[];
  fault?: string;
}

/** An order, and what must be seen of it through the public API. */
export interface Case {
  name: string;
  flags?: string[];
  fault?: string;
  /** Path of the entry that is called afterwards. */
  then?: string;
  seen: Seen;
  /** After the dead service was started again. */
  afterwards?: Seen;
}

export interface Seen {
  /** What a list says; for an ended flow that still owes something, its health. */
  status: string;
  /** `service: step`, all of them; `…` at the end allows more. */
  steps: string[];
  failed?: string[];
  /** Rules that have something to say, news left out. Default: none. */
  findings?: string[];
  /** Steps that are awaited. */
  waiting?: string[];
  /** Step → how often it was attempted. */
  attempts?: Record<string, number>;
  /** Undone steps, in the order of undoing. */
  undone?: string[];
  /** Whose work is on the critical path, each once, in the order in which it gets there. */
  path?: string[];
  /** What most of the time went into. */
  mostly?: Segment['kind'];
}

/**
 * `path` under `/api/v1` that answers 404 until it exists: the day it does, the test asks for more
 * than this line.
 */
export interface Later {
  says: string;
  path: string;
}

const COORDINATION = (type: string, says: string): Later => ({
  says: `coordination report: ${says}`,
  path: `/flow-types/${type}/coordination`,
});
export { COORDINATION as coordination };

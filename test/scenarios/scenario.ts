import type { FlowDefinition } from '@fermata/instrumentation';
import type { Segment } from '@fermata/server/contract';

/**
 * Describes a scenario as data: which services there are, what each does when called or sent a
 * message, which faults can strike, and what must be seen in Fermata for each. The demo, the tests
 * and `npm run scenario` run the same data through `service.ts`.
 */
export interface Scenario {
  name: string;
  summary: string;
  flowType: string;
  services: ServiceSpec[];
  /** Where the generator places an order. */
  entry: { service: string; path: string };
  /**
   * Definition that Fermata gets before the first order; without it, Fermata has only what it
   * observes.
   */
  definition?: FlowDefinition;
  /** The same as a workflow of Conductor, for Fermata to import. */
  conductor?: object;
  faults: Record<string, Fault>;
  cases: Case[];
  /** Features that Fermata lacks, each with how to notice that it has them. */
  later: Later[];
}

export interface ServiceSpec {
  name: string;
  http?: { path: string; do: Action[] }[];
  on?: Subscription[];
}

export interface Subscription {
  topic: string;
  /** Name of the step that handles the message. */
  step: string;
  do: Action[];
}

export type Action =
  | { work: number }
  | { startFlow: Action[]; deadlineMs?: number }
  | { publish: string; to: string }
  | { command: string; to: string }
  | { reply: string; to: string }
  /** Calls `POST /path` of another service synchronously. A time-out or an error status throws. */
  | { call: string; of: string; timeoutMs?: number }
  | { parallel: Action[][] }
  | { step: string; do: Action[] }
  /** Undoes a step. */
  | { compensate: string; by: string; do?: Action[] }
  /** Tests a flag of the order; a leading `!` tests for its absence. */
  | { if: string; do: Action[]; else?: Action[] }
  /** Tries at most this often, with a pause before each further try that doubles. */
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

/** A fault that strikes the orders that name it. */
export type Fault =
  /** Strikes a service: one step or path of it, or all. */
  | { service: string; step?: string; kind: 'slow'; ms: number }
  | { service: string; step?: string; kind: 'fail' | 'silent' | 'hang' | 'twice' }
  /**
   * Ends the service's process before the order is placed, and starts it again after the flow was
   * checked.
   */
  | { service: string; kind: 'dead' }
  /** Fails this many deliveries, then succeeds. */
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
  /** Expectation after the dead service was started again. */
  afterwards?: Seen;
}

export interface Seen {
  /** Status as in a list; for an ended flow that still waits for something, its health. */
  status: string;
  /** All steps, as `service: step`; `…` at the end allows more. */
  steps: string[];
  failed?: string[];
  /** Rules with a finding, except for novelties. Default: none. */
  findings?: string[];
  /** Awaited steps. */
  waiting?: string[];
  /** Number of attempts by step. */
  attempts?: Record<string, number>;
  /** Undone steps, in the order of undoing. */
  undone?: string[];
  /** Steps on the critical path, each once, in the order in which it reaches them. */
  path?: string[];
  /** Kind of time that most of the flow was spent on. */
  mostly?: Segment['kind'];
}

/**
 * A feature that is missing: `path` under `/api/v1` answers 404 until it exists. From that day on
 * the test demands more than this line.
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

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
  /** What services write into their logs, by the step or path at whose beginning they do. */
  lines?: Record<string, readonly Line[]>;
  faults: Record<string, Fault>;
  cases: Case[];
  /** What must be seen of all its orders together. */
  lenses: LensSeen[];
}

/** A line of the log, in which `{order}`, `{customer}` and other keys are filled in. */
export interface Line {
  level: 'debug' | 'info' | 'warn';
  text: string;
  /** Flag that the order must have; without it, the line is written for every order. */
  if?: string;
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
  /** `type` names a flow type other than the scenario's. */
  | { startFlow: Action[]; deadlineMs?: number; type?: string }
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
  | { service: string; step?: string; kind: 'silent' | 'hang' | 'twice' }
  | { service: string; step?: string; kind: 'fail'; error?: Failure }
  /**
   * Ends the service's process before the order is placed, and starts it again after the flow was
   * checked.
   */
  | { service: string; kind: 'dead' }
  /** Fails this many deliveries, then succeeds. */
  | { service: string; step: string; kind: 'fail-times'; times: number; error?: Failure }
  | { flag: string };

/** What a fault throws; without it, an error that says which step could not be done. */
export interface Failure {
  type: string;
  message: string;
}

export interface Order {
  orderId: string;
  /** Business keys of its flow; without them, the id is its only one. */
  keys?: Record<string, string>;
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
 * What a lens must show of all orders of a scenario. `shows` is a part of the answer: an object has
 * these members, a list has such elements, `atLeast` is a bound of a number, `contains` a part of a
 * text.
 */
export interface LensSeen {
  says: string;
  lens: 'coordination' | 'latency' | 'variants';
  shows: Shown;
}
export type Shown =
  string | number | boolean | null | readonly Shown[] | { readonly [member: string]: Shown };

/** What the coordination report must show of the scenario's flow type. */
export const coordination = (says: string, report: Shown): LensSeen => ({
  says: `coordination report: ${says}`,
  lens: 'coordination',
  shows: { types: [report] },
});
export const latency = (says: string, shows: Shown): LensSeen => ({ says, lens: 'latency', shows });
export const variants = (says: string, itineraries: readonly (readonly string[])[]): LensSeen => ({
  says,
  lens: 'variants',
  shows: { items: itineraries.map((steps) => ({ steps })) },
});

/** Returns where an answer does not show what it must; empty if it shows all. */
export function notShown(answer: unknown, wanted: Shown, at = 'answer'): string[] {
  if (typeof wanted !== 'object' || wanted === null)
    return answer === wanted ? [] : [`${at}: ${JSON.stringify(answer)}, not ${String(wanted)}`];
  if (Array.isArray(wanted)) {
    const items = Array.isArray(answer) ? (answer as unknown[]) : [];
    return (wanted as readonly Shown[]).flatMap((one) => {
      const tries = items.map((item, i) => notShown(item, one, `${at}[${i}]`));
      if (tries.some((differences) => differences.length === 0)) return [];
      return [`${at}: nothing like ${JSON.stringify(one)} in ${JSON.stringify(answer)}`];
    });
  }
  const members = wanted as { readonly [member: string]: Shown };
  if (typeof members['atLeast'] === 'number')
    return typeof answer === 'number' && answer >= members['atLeast']
      ? []
      : [`${at}: ${String(answer)}, not at least ${members['atLeast']}`];
  if (typeof members['contains'] === 'string')
    return typeof answer === 'string' && answer.includes(members['contains'])
      ? []
      : [`${at}: ${String(answer)}, without "${members['contains']}"`];
  return Object.entries(members).flatMap(([member, part]) =>
    notShown((answer as Record<string, unknown> | null)?.[member], part, `${at}.${member}`),
  );
}

import type { FlowDefinition } from '@fermata/instrumentation';
import type { Segment } from '@fermata/server/contract';

/**
 * A scenario as data: which services there are, what each does when it is called or gets a message,
 * which faults can occur, and what Fermata must show for each. The demo, the tests and `npm run
 * scenario` run this data through `service.ts`.
 */
export interface Scenario {
  name: string;
  summary: string;
  flowType: string;
  services: ServiceSpec[];
  /** The service and path to which orders are sent. */
  entry: { service: string; path: string };
  /**
   * Flow definition that is sent to the server before the first order. Without it, the server knows
   * only what it has learned.
   */
  definition?: FlowDefinition;
  /** The flow definition as a workflow of Netflix Conductor, which the server imports. */
  conductor?: object;
  /**
   * Log lines that services write at the start of a step or request, by the name of the step or
   * path.
   */
  lines?: Record<string, readonly Line[]>;
  faults: Record<string, Fault>;
  cases: Case[];
  /** What lenses (statistics over many flows) must show about all orders of the scenario. */
  lenses: LensSeen[];
}

/**
 * A log line. `{order}`, `{customer}` and other business keys in its text are replaced by their
 * values.
 */
export interface Line {
  level: 'debug' | 'info' | 'warn';
  text: string;
  /**
   * Flag that an order must have for the line to be written. Without it, the line is always
   * written.
   */
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
  /** Starts a flow of the scenario's flow type, or of `type`, and performs actions in it. */
  | { startFlow: Action[]; deadlineMs?: number; type?: string }
  | { publish: string; to: string }
  | { command: string; to: string }
  | { reply: string; to: string }
  /**
   * Calls `POST /path` of another service and waits for the answer. A timeout or an error status
   * throws.
   */
  | { call: string; of: string; timeoutMs?: number }
  | { parallel: Action[][] }
  | { step: string; do: Action[] }
  /** Performs actions as a step that undoes another step. */
  | { compensate: string; by: string; do?: Action[] }
  /** Performs actions if the order has a flag; with a leading `!`, if it does not have it. */
  | { if: string; do: Action[]; else?: Action[] }
  /**
   * Performs actions, at most `tries` times if they throw. The pause before each further try
   * doubles.
   */
  | { attempt: Action[]; tries?: number; backoffMs?: number; onFailure?: Action[] }
  | { fail: string }
  | { end: 'completed' | 'failed' | 'compensated' | 'cancelled' }
  /** Sends a message with a routing slip to the first step on it. */
  | { route: string[] }
  /** Sends the received message to the next step on its routing slip. */
  | { forward: true }
  | { expect: string; withinMs: number }
  /** Stores the order. A later `replay` action publishes it. */
  | { keep: string }
  | { replay: string; to: string };

/** A fault. It affects the orders that name it. */
export type Fault =
  /** Affects one step or path of a service, or all of them. */
  | { service: string; step?: string; kind: 'slow'; ms: number }
  | { service: string; step?: string; kind: 'silent' | 'hang' | 'twice' }
  | { service: string; step?: string; kind: 'fail'; error?: Failure }
  /** Kills the service before the order is placed, and restarts it after the flow was checked. */
  | { service: string; kind: 'dead' }
  /** The step fails for this many deliveries, and then succeeds. */
  | { service: string; step: string; kind: 'fail-times'; times: number; error?: Failure }
  | { flag: string };

/** The error that a fault throws. Without it, the error names the step that failed. */
export interface Failure {
  type: string;
  message: string;
}

export interface Order {
  orderId: string;
  /** Business keys of the order's flow. Default: the order id only. */
  keys?: Record<string, string>;
  /** Facts about the order on which actions depend: `member`, `checked-today`. */
  flags: string[];
  fault?: string;
}

/** An order, and what the API must return for it. */
export interface Case {
  name: string;
  flags?: string[];
  fault?: string;
  /** Path of the first service that is called after the order was placed. */
  then?: string;
  seen: Seen;
  /** What the API must return after the killed service was restarted. */
  afterwards?: Seen;
}

export interface Seen {
  /**
   * Status of the flow; for an ended flow that still waits for something, its health (`late` or
   * `stuck`).
   */
  status: string;
  /** All steps, as `service: step`; if `…` is one of them, there may be others. */
  steps: string[];
  failed?: string[];
  /** Rules that have findings for the flow, except for novelties. Default: none. */
  findings?: string[];
  /** Names of awaited steps. */
  waiting?: string[];
  /** Number of attempts by step. */
  attempts?: Record<string, number>;
  /** Names of steps that were undone, in order of the compensations. */
  undone?: string[];
  /** Steps on the critical path, each once, in order. */
  path?: string[];
  /** Kind of time on which the flow spent most. */
  mostly?: Segment['kind'];
}

/**
 * What a lens must show about all orders of a scenario. `shows` is compared with the answer
 * partially: an object must have these members, a list must contain such elements, `atLeast` is a
 * minimum of a number, `contains` a part of a text.
 */
export interface LensSeen {
  says: string;
  lens: 'coordination' | 'latency' | 'variants';
  shows: Shown;
}
export type Shown =
  string | number | boolean | null | readonly Shown[] | { readonly [member: string]: Shown };

/** Returns an expectation about the coordination report of the scenario's flow type. */
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

/** Returns differences between an answer and what it must contain; empty if there are none. */
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

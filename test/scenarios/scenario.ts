/**
 * A scenario is data: which services there are, what each does when called or told, which faults can be switched on,
 * and what must be seen in Fermata. The demo and the tests run the same data through `service.ts`.
 */
export interface Scenario {
  name: string;
  summary: string;
  flowType: string;
  services: ServiceSpec[];
  /** Where the generator places an order. */
  entry: { service: string; path: string };
  faults: Record<string, Fault>;
  expected: Expected;
}

export interface ServiceSpec {
  name: string;
  http?: { path: string; do: Action[] }[];
  on?: { topic: string; step: string; do: Action[] }[];
}

export type Action =
  | { work: number }
  | { startFlow: true; do: Action[] }
  /** An event on a topic; with `member`, only for orders of members (or only of guests). */
  | { publish: string; topic: string; member?: boolean }
  | { command: string; topic: string }
  | { reply: string; topic: string }
  | { completeFlow: true };

/** Seeded, so that a run can be repeated: `rate` of the messages are hit. */
export interface Fault {
  service: string;
  kind: 'slow' | 'fail' | 'dead';
  rate: number;
}

export interface Expected {
  /** For an order of a member, healthy: step names per service. */
  steps: { service: string; name: string }[];
  /** Steps that only members' orders have. */
  memberSteps: string[];
  hops: number;
  memberHops: number;
}

export interface Order {
  orderId: string;
  member: boolean;
}

import type { Count } from './units.ts';
import type { FlowSummary } from './flow.ts';
import type { Incident } from './incident.ts';

/**
 * Position in the stream of changes that the server sends. `epoch` is different after each start of
 * the server, because `number` then starts anew.
 */
export interface Sequence {
  epoch: string;
  number: Count;
}

export interface FlowChanged {
  sequence: Count;
  id: string;
  version: Count;
  /**
   * The flow in its newest form. Null if no flow has this id any more; its spans then belong to the
   * flow `movedTo`.
   */
  flow: FlowSummary | null;
  movedTo: string | null;
}

export interface StatsTick {
  sequence: Count;
  openFlows: Count;
  spansPerSecond: number;
  /** Ids of the conditions that `/api/v1/health` returns. */
  conditions: string[];
  /** When the numbers of this tick were computed, in ms since 1970. */
  atMs: number;
}

/**
 * The changes that a page of the dashboard receives: with `flows` those of all flows of the given
 * types and statuses, with `flow` those of one flow.
 */
export type View =
  { kind: 'flows'; types: string[]; statuses: string[] } | { kind: 'flow'; id: string };

export interface Resume {
  view: View;
  /** Sequence of the last change that the client has applied; null if it has applied none. */
  since: Sequence | null;
}

/**
 * Answer to `watch`. If `resumed` is true, all missed changes follow as `flow:changed`; otherwise
 * the client must load its data again.
 */
export interface WatchAnswer {
  sequence: Sequence;
  resumed: boolean;
}

export interface ServerToClient {
  'incident:changed': (incidents: Incident[]) => void;
  'flow:changed': (changes: FlowChanged[]) => void;
  'stats:tick': (stats: StatsTick) => void;
}

export interface ClientToServer {
  watch: (resume: Resume, answer: (answer: WatchAnswer) => void) => void;
  unwatch: () => void;
}

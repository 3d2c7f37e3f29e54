import type { FlowSummary } from './flow.ts';
import type { Incident } from './incident.ts';

/** Marks a position in the server's stream of changes: `epoch` changes when the server restarts. */
export interface Sequence {
  epoch: string;
  number: number;
}

export interface FlowChanged {
  sequence: number;
  id: string;
  version: number;
  /** Null: the flow lost this name, and its spans belong to `movedTo` now. */
  flow: FlowSummary | null;
  movedTo: string | null;
}

export interface StatsTick {
  sequence: number;
  openFlows: number;
  spansPerSecond: number;
  /** Lists the ids of the conditions that `/api/v1/health` lists. */
  conditions: string[];
  /** The figures are of this instant, in ms. */
  atMs: number;
}

/**
 * Selects what a view subscribes to. `flows` receives every flow of its filter; `flow` receives
 * one.
 */
export type View =
  { kind: 'flows'; types: string[]; statuses: string[] } | { kind: 'flow'; id: string };

export interface Resume {
  view: View;
  /** Holds the last sequence that the client has applied, or null when it has none. */
  since: Sequence | null;
}

/**
 * Answers `watch`: either all missed changes follow as `flow:changed`, or the client must load
 * afresh.
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

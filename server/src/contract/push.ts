import type { FlowSummary } from './flow.ts';
import type { Incident } from './incident.ts';

/** Position in the server's stream of changes: `epoch` changes when the server restarts. */
export interface Sequence {
  epoch: string;
  number: number;
}

export interface FlowChanged {
  sequence: number;
  id: string;
  version: number;
  /** null: the flow lost this name; its spans live on in `movedTo`. */
  flow: FlowSummary | null;
  movedTo: string | null;
}

export interface StatsTick {
  sequence: number;
  openFlows: number;
  spansPerSecond: number;
  /** Ids of what `/api/v1/health` lists. */
  conditions: string[];
  /** When these figures were taken, ms. */
  atMs: number;
}

/** What a view listens to. `flows` hears every flow of its filter; `flow` hears one. */
export type View =
  { kind: 'flows'; types: string[]; statuses: string[] } | { kind: 'flow'; id: string };

export interface Resume {
  view: View;
  /** Last sequence the client has applied, or null when it has none. */
  since: Sequence | null;
}

/**
 * Answer to `watch`: either everything missed follows as `flow:changed`, or the client must load
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

import type { Outcome } from './span.ts';

/** What somebody says a flow type consists of. Durations in ms. */
export interface Definition {
  type: string;
  /** '' where it has none. */
  version: string;
  /** The whole flow's time; null: unlimited. */
  withinMs: number | null;
  steps: DefinedStep[];
  /** Steps or messages that end the flow, and how. */
  ends: { step: string; outcome: Outcome }[];
  /** Undoing runs in the reverse order of doing. */
  undoInOrder: boolean;
}

export interface DefinedStep {
  /** As the step is shown, or the type of the message that it handles. */
  name: string;
  /** Who performs it; null: whoever. */
  service: string | null;
  /** All of these come before it; of alternatives to each other, any one. */
  after: string[];
  withinMs: number;
  optional: boolean;
  /** Steps that share it are alternatives: one of them is enough. 0: none. */
  choice: number;
  /** Step that undoes it. */
  compensatedBy: string | null;
}

/**
 * Where a definition came from. What an operator's file says is not overwritten by what a service
 * announces.
 */
export type DefinitionSource = 'file' | 'api' | 'sdk';

export interface StoredDefinition {
  definition: Definition;
  source: DefinitionSource;
  /** When it was taken, ms. */
  at: number;
}

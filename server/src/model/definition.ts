import type { Outcome } from './span.ts';

/** Declares what a flow type consists of. Durations are in ms. */
export interface Definition {
  type: string;
  /** Is '' for a definition without a version. */
  version: string;
  /** Bounds the time of the whole flow, in ms; null: unlimited. */
  withinMs: number | null;
  steps: DefinedStep[];
  /** Lists the steps or messages that end the flow, with the outcome of each. */
  ends: { step: string; outcome: Outcome }[];
  /** Tells whether steps are compensated in the reverse order in which they ran. */
  undoInOrder: boolean;
}

export interface DefinedStep {
  /** Holds the step's displayed name, or the type of the message that it handles. */
  name: string;
  /** Names the service that performs it; null: any service. */
  service: string | null;
  /**
   * Lists steps that all come before it; of steps that are alternatives to each other, one is
   * enough.
   */
  after: string[];
  withinMs: number;
  optional: boolean;
  /** Steps with the same number are alternatives: one of them is enough. 0: none. */
  choice: number;
  /** Names the step that compensates it. */
  compensatedBy: string | null;
}

/**
 * Tells where a definition came from. An announcement of a service never overwrites an operator's
 * file.
 */
export type DefinitionSource = 'file' | 'api' | 'sdk';

export interface StoredDefinition {
  definition: Definition;
  source: DefinitionSource;
  /** It was accepted at this instant, in ms. */
  at: number;
}

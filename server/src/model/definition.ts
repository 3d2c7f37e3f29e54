import type { Outcome } from './span.ts';

/** Declares the steps and the possible ends of the flows of one type. Durations are in ms. */
export interface Definition {
  type: string;
  /** Version of the definition; '' if it has none. */
  version: string;
  /** Maximum duration of the whole flow, ms; null if unlimited. */
  withinMs: number | null;
  steps: DefinedStep[];
  /** Steps or messages that end the flow, each with the flow's outcome. */
  ends: { step: string; outcome: Outcome }[];
  /**
   * True if the steps of a failed flow must be compensated in the reverse of the order in which
   * they ran.
   */
  undoInOrder: boolean;
}

export interface DefinedStep {
  /** Displayed name of the step, or the type of the message that the step handles. */
  name: string;
  /** Service that runs the step; null if any service may run it. */
  service: string | null;
  /**
   * Steps that must all run before this step. Of steps that are alternatives to each other
   * (`choice`), one is enough.
   */
  after: string[];
  withinMs: number;
  optional: boolean;
  /**
   * Number of a group of alternatives, of which one step is enough; 0 if the step is not an
   * alternative.
   */
  choice: number;
  /** Step that compensates this step; null if none does. */
  compensatedBy: string | null;
}

/**
 * Origin of a definition. A definition that a service announces (`sdk`) never replaces a definition
 * from an operator's file.
 */
export type DefinitionSource = 'file' | 'api' | 'sdk';

export interface StoredDefinition {
  definition: Definition;
  source: DefinitionSource;
  /** Time when the definition was accepted, epoch ms. */
  at: number;
}

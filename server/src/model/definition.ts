import type { Outcome } from './span.ts';

/**
 * Declares which steps flows of one type consist of and how these flows end. Durations are in ms.
 */
export interface Definition {
  type: string;
  /** Holds the version of the definition, or '' if it has none. */
  version: string;
  /** Holds the longest time that the whole flow may take, in ms; null: unlimited. */
  withinMs: number | null;
  steps: DefinedStep[];
  /** Lists the steps or messages that end the flow, and the outcome that the flow then has. */
  ends: { step: string; outcome: Outcome }[];
  /**
   * Tells whether the steps of a failed flow must be compensated in the reverse of the order in
   * which they ran.
   */
  undoInOrder: boolean;
}

export interface DefinedStep {
  /** Holds the displayed name of the step, or the type of the message that the step handles. */
  name: string;
  /** Names the service that runs the step; null: any service. */
  service: string | null;
  /**
   * Lists steps that must all run before this step. If several of them are alternatives to each
   * other (`choice`), one of these is enough.
   */
  after: string[];
  withinMs: number;
  optional: boolean;
  /**
   * Numbers a group of alternatives: of the steps with the same number, one is enough. 0: the step
   * is no alternative.
   */
  choice: number;
  /** Names the step that compensates this step. */
  compensatedBy: string | null;
}

/**
 * Tells where a definition came from. A definition that a service announces (`sdk`) never replaces
 * one from an operator's file.
 */
export type DefinitionSource = 'file' | 'api' | 'sdk';

export interface StoredDefinition {
  definition: Definition;
  source: DefinitionSource;
  /** The definition was accepted at this instant, in ms. */
  at: number;
}

import type { Count, Instant, Share } from './units.ts';
/** A declared definition of a flow type, with its source. */
export interface DefinitionItem {
  definition: {
    type: string;
    version: string;
    withinMs: number | null;
    steps: DefinedStep[];
    /** Steps or messages that end the flow, and the outcome that the flow then has. */
    ends: {
      step: string;
      outcome: 'completed' | 'failed' | 'compensated' | 'cancelled' | 'timed_out';
    }[];
    /**
     * True if the steps of a failed flow must be compensated in reverse order, the last step first.
     */
    undoInOrder: boolean;
  };
  /** Where the definition comes from. A definition from a file can only be changed in that file. */
  source: 'file' | 'api' | 'sdk';
  at: Instant;
  /** The definition as YAML, in the format of docs/definitions.md. */
  yaml: string;
}

export interface DefinedStep {
  name: string;
  service: string | null;
  after: string[];
  optional: boolean;
  withinMs: number;
  /**
   * Number of the group of alternatives to which the step belongs, of which one is enough; 0 if the
   * step is no alternative.
   */
  choice: Count;
  /** Name of the step that compensates this step; null if there is none. */
  compensatedBy: string | null;
}

/** Result of checking a definition that is not saved yet. */
export interface DefinitionCheck {
  /**
   * Problems of the definition, each with its line or field; empty if the definition can be saved.
   */
  problems: string[];
  types: {
    type: string;
    version: string;
    /** Definition that is in force for this type and version now; null if there is none. */
    stored: { source: 'file' | 'api' | 'sdk'; yaml: string } | null;
    /** The definition as it would be stored, as YAML in the format of docs/definitions.md. */
    yaml: string;
    /** Number of open flows of the type, which would be judged again. */
    openFlows: Count;
  }[];
}

/** A step that flows of a type usually have. */
export interface UsualStep {
  name: string;
  service: string;
  kind: string;
  /** Share of the flows that have the step, from 0 to 1. */
  share: Share;
  /** Names of the steps that this step usually follows. */
  after: string[];
  /** Median time from the start of the previous step of the flow to the start of this step, ms. */
  medianMs: number;
  /** Time from the start of the previous step after which this step is late, ms. */
  lateMs: number;
}

/** What was learned about a flow type in one environment. */
export interface LearnedType {
  environment: string;
  usual: {
    /** Number of flows that were learned from. */
    flows: Count;
    steps: UsualStep[];
    /**
     * A definition that declares what was learned, as YAML in the format of docs/definitions.md.
     */
    yaml: string;
  };
}

/** Settings of the dashboard, which its users can change. */
export interface DashboardSettings {
  /**
   * Links that the dashboard shows for values of business keys. `{value}` in `url` stands for the
   * value of the key `key`.
   */
  links: { key: string; url: string }[];
}

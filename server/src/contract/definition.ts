import type { Count, Instant, Share } from './units.ts';
/** Describes what flows of one type consist of, as somebody declared it. */
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
    /** Is true if the steps of a failed flow must be compensated last first. */
    undoInOrder: boolean;
  };
  /** Definitions of files can only be changed there. */
  source: 'file' | 'api' | 'sdk';
  at: Instant;
  /** The definition as people write it, in the format of docs/definitions.md. */
  yaml: string;
}

export interface DefinedStep {
  name: string;
  service: string | null;
  after: string[];
  optional: boolean;
  withinMs: number;
  /** Numbers a group of alternatives, of which one is enough; 0: the step is no alternative. */
  choice: Count;
  /** Names the step that compensates this step. */
  compensatedBy: string | null;
}

/** Tells what would become of a definition that was not saved yet. */
export interface DefinitionCheck {
  /** Lists what is wrong, each with its line or field; empty if it can be saved. */
  problems: string[];
  types: {
    type: string;
    version: string;
    /** What is in force for this type and version now; null: nothing. */
    stored: { source: 'file' | 'api' | 'sdk'; yaml: string } | null;
    /** The definition as it would be stored, in the same format. */
    yaml: string;
    /** Counts the open flows of the type, which would be judged again. */
    openFlows: Count;
  }[];
}

/** One step that flows of a type usually have. */
export interface UsualStep {
  name: string;
  service: string;
  kind: string;
  /** Share of the flows that have the step, from 0 to 1. */
  share: Share;
  /** Names the steps that it follows. */
  after: string[];
  /** Time from the start of the step before it until its start, ms. */
  medianMs: number;
  /** A start later than this is late, ms. */
  lateMs: number;
}

/** What was learned of a flow type, in one environment. */
export interface LearnedType {
  environment: string;
  usual: {
    /** Counts the flows that were learned from. */
    flows: Count;
    steps: UsualStep[];
    /** A definition that says the same, in the format of docs/definitions.md. */
    yaml: string;
  };
}

/** Settings that people make in the dashboard. */
export interface DashboardSettings {
  /** Makes links of business keys: `{value}` in the address stands for the value of the key. */
  links: { key: string; url: string }[];
}

import type { Cut } from '../../base/lists.ts';

/** Summarizes flow types, services and step names over all flows. */
export interface CatalogReader {
  flowTypes(): Promise<Cut<FlowTypeRow>>;
  services(): Promise<Cut<ServiceRow>>;
  /** Returns names of steps, the most frequent first. */
  stepNames(): Promise<string[]>;
}

export interface FlowTypeRow {
  type: string;
  environment: string;
  flows: number;
  open: number;
  failed: number;
  stuck: number;
  services: string[];
  /** Tells whether it has more services than are listed. */
  incomplete: boolean;
  p50DurationMs: number;
  p95DurationMs: number;
  lastStarted: string;
}

export interface ServiceRow {
  name: string;
  environment: string;
  versions: string[];
  flowTypes: string[];
  steps: number;
  failedSteps: number;
  sends: string[];
  consumes: string[];
  /** Tells whether there are more versions, flow types or destinations than are listed. */
  incomplete: boolean;
  firstSeen: string;
  lastSeen: string;
}

import type { Cut } from '../../base/lists.ts';

/** Reads summaries of all flow types and services, and the names of steps. */
export interface CatalogReader {
  flowTypes(): Promise<Cut<FlowTypeRow>>;
  services(): Promise<Cut<ServiceRow>>;
  /** Returns the names of steps, the most frequent name first. */
  stepNames(): Promise<string[]>;
}

export interface FlowTypeRow {
  type: string;
  environment: string;
  flows: number;
  open: number;
  failed: number;
  stuck: number;
  late: number;
  services: string[];
  /** True if the flow type has more services than `services` lists. */
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
  /** True if the service has more versions, flow types or destinations than are listed. */
  incomplete: boolean;
  firstSeen: string;
  lastSeen: string;
}

import type { Cut } from '../../base/lists.ts';

/** What there is, summed up over all flows. */
export interface CatalogReader {
  flowTypes(): Promise<Cut<FlowTypeRow>>;
  services(): Promise<Cut<ServiceRow>>;
  /** Names of steps, the most frequent first. */
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
  /** It has more services than are named. */
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
  /** There are more versions, flow types or destinations than are named. */
  incomplete: boolean;
  firstSeen: string;
  lastSeen: string;
}

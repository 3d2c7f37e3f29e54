import type { Cut } from '../../base/lists.ts';

/** Reads summaries of all flow types and services, and the names of steps. */
export interface CatalogReader {
  flowTypes(): Promise<Cut<FlowTypeRow>>;
  services(): Promise<Cut<ServiceRow>>;
  /** Returns when services were heard, without what costs further reads. */
  servicesHeard(): Promise<ServiceHeard[]>;
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

/** `firstSeen` and `lastSeen` are nanoseconds since 1970, in decimal. */
export interface ServiceHeard {
  name: string;
  environment: string;
  steps: number;
  firstSeen: string;
  lastSeen: string;
}

export interface ServiceRow extends ServiceHeard {
  versions: string[];
  flowTypes: string[];
  failedSteps: number;
  sends: string[];
  consumes: string[];
  /** True if the service has more versions, flow types or destinations than are listed. */
  incomplete: boolean;
}

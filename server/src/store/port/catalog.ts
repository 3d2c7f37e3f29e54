import type { Cut } from '../../base/lists.ts';
import type { UnixNanos } from '../../model/time.ts';

/** Reads summaries of flow types and of services, and the names of all steps. */
export interface CatalogReader {
  /** Lists flow types, the most frequent first. What is usual is measured before `usualBefore`. */
  flowTypes(usualBefore?: UnixNanos): Promise<Cut<FlowTypeRow>>;
  services(): Promise<Cut<ServiceRow>>;
  /**
   * Returns each service with the times of its first and its last step. This costs one query,
   * whereas `services` runs three.
   */
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
  /**
   * Durations of flows that started before the instant that was asked for, ms; null if there are
   * none, or if no instant was given.
   */
  usualP50Ms: number | null;
  usualP95Ms: number | null;
  lastStarted: string;
}

/**
 * A service that took part in flows. `firstSeen` and `lastSeen` are the starts of its first and its
 * last step, in nanoseconds since 1970, as decimal text.
 */
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
  sendsTypes: string[];
  consumesTypes: string[];
  /** True if the service has more versions, flow types, destinations or types than are listed. */
  incomplete: boolean;
}

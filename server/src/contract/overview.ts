import type { Count, Instant } from './units.ts';
import type { TrendAnswer } from './lenses.ts';

/**
 * What there is to know at one glance, all of it of one instant. Instants are ISO 8601. `started`
 * and `grew` have a number for each of `slots`, from the oldest to the newest.
 */
export interface Overview {
  asOf: Instant;
  /** Start of the first and end of the last slot, and their number. */
  from: Instant;
  to: Instant;
  slots: Count;
  /** What stands now: flows that are stuck, late (and not stuck), or open at all. */
  stuck: Count;
  late: Count;
  open: Count;
  /** Flows that started within the slots, and those of them that failed. */
  started: Count;
  failed: Count;
  /** What flows wait for, stuck or late, the most frequent first; `heldMore` counts the others. */
  held: Held[];
  heldMore: Count;
  types: TypeOverview[];
  /** Flows by start and status. */
  trend: Pick<TrendAnswer, 'bucketMs' | 'buckets' | 'annotations'>;
  /** Services that were heard regularly and are not any more. */
  silent: { service: string; environment: string; lastSeenAt: Instant }[];
}

/** Flows that wait for the same step of the same service. */
export interface Held {
  step: string;
  service: string;
  stuck: Count;
  late: Count;
  /** The first of them was late from this instant on. */
  since: Instant;
  /** Flows that were late by the end of each slot and still are. */
  grew: Count[];
  flowTypes: string[];
  /** Id of an open incident about it; null if there is none. */
  incidentId: string | null;
  /** How many a minute go on, and when the last one will; null if that is not known. */
  drainPerMinute: number | null;
  drainedAt: Instant | null;
  exampleFlowIds: string[];
  q: string;
}

export interface TypeOverview {
  type: string;
  environment: string;
  started: Count[];
  /** Flows that started within the slots, and those of them that failed. */
  flows: Count;
  failed: Count;
  open: Count;
  stuck: Count;
  late: Count;
  /** Durations of those that started within the slots, and of all that are stored, ms. */
  p50Ms: number;
  p95Ms: number;
  usualP50Ms: number;
  usualP95Ms: number;
  /** Too few flows ended yet to know what is missing, if no message says so. */
  isYoung: boolean;
  lastStartedAt: Instant;
}

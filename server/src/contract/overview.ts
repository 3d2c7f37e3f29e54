import type { Count, Instant } from './units.ts';
import type { TrendAnswer } from './lenses.ts';

/**
 * Numbers for the overview page, all of the same instant. Instants are ISO 8601. `started` of a
 * flow type and `grew` have a number for each of `slots` time slots, from the oldest to the newest.
 */
export interface Overview {
  asOf: Instant;
  /** Start of the time that was asked for: flows that started since then are counted. */
  since: Instant;
  /**
   * Start of the first time slot; `to` is the end of the last one, and `slots` the number of slots.
   */
  from: Instant;
  to: Instant;
  slots: Count;
  /**
   * Number of flows that are stuck now. `late` counts those that are late but not stuck, `open` all
   * open flows.
   */
  stuck: Count;
  late: Count;
  open: Count;
  /** Number of flows that started since `since`; `failed` is the number of those that failed. */
  started: Count;
  failed: Count;
  /**
   * Steps that late and stuck flows wait for, the most frequent first. `heldMore` is the number of
   * steps that are not listed.
   */
  held: Held[];
  heldMore: Count;
  types: TypeOverview[];
  /** Number of flows by start and status. */
  trend: Pick<TrendAnswer, 'bucketMs' | 'buckets' | 'annotations'>;
  /** Services from which spans arrived regularly and no longer do. */
  silent: { service: string; environment: string; lastSeenAt: Instant }[];
}

/** Flows that wait for the same step of the same service. */
export interface Held {
  step: string;
  service: string;
  stuck: Count;
  late: Count;
  /** When the first of these flows became late. */
  since: Instant;
  /** For each slot, the number of flows that were late by its end and still are. */
  grew: Count[];
  flowTypes: string[];
  /** Id of an open incident about this step; null if there is none. */
  incidentId: string | null;
  /**
   * Number of these flows that move on per minute; null if it is not known. `drainedAt` is when the
   * last one will.
   */
  drainPerMinute: number | null;
  drainedAt: Instant | null;
  exampleFlowIds: string[];
  q: string;
}

export interface TypeOverview {
  type: string;
  environment: string;
  started: Count[];
  /** Number of flows that started within the slots; `failed` is the number of those that failed. */
  flows: Count;
  failed: Count;
  open: Count;
  stuck: Count;
  late: Count;
  /** Durations of those that started within the slots, ms. */
  p50Ms: number;
  p95Ms: number;
  /** Durations of those that started before the slots, ms; null if none did. */
  usualP50Ms: number | null;
  usualP95Ms: number | null;
  /**
   * True if too few flows have ended to know what is missing in a flow, other than an untaken
   * message.
   */
  isYoung: boolean;
  lastStartedAt: Instant;
}

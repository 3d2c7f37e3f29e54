import type { Service } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * Holds an ordinary log record of a trace on its way to the store. It is no evidence: nothing is
 * joined, expected or judged by it, and it is only shown beside the spans of its trace.
 */
export interface LogRecord {
  /** Identifies the record within its trace by a hash of its content, 16 hex digits. */
  id: string;
  traceId: string;
  /** Names the span in which the record was written; '' if it names none. */
  spanId: string;
  time: UnixNanos;
  receivedAtMs: number;
  /** Holds OTLP's severity number, 1 to 24; 0 if the record says none. */
  severity: number;
  service: Service;
  eventName: string;
  scope: string;
  /** Holds the body as text, of at most `LOG_LIMITS.body` characters. */
  body: string;
  /** Holds JSON texts of the attributes. */
  attributes: string;
  resource: string;
  /** Is true if the body, or some attributes, were longer than what is kept. */
  isCut: boolean;
}

/** Counts log records of a trace that were not kept, because the trace has enough of them. */
export interface LogsDropped {
  /** Identifies the count, so that it is not added twice if it was written twice. */
  id: string;
  traceId: string;
  receivedAtMs: number;
  records: number;
  /** Counts those of `records` whose severity is ERROR or higher. */
  errors: number;
}

/** What is kept of log records: see the setting FERMATA_LOGS. */
export type KeptLogs = 'off' | 'errors' | 'all';

/** The least severity number of each of OTLP's six levels, the lowest level first. */
export const SEVERITIES = [
  ['trace', 1],
  ['debug', 5],
  ['info', 9],
  ['warn', 13],
  ['error', 17],
  ['fatal', 21],
] as const;
export type SeverityName = (typeof SEVERITIES)[number][0];
export const ERROR_SEVERITY = 17;
const MAX_SEVERITY = 24;

/** Returns the level of a severity number; null if the number is none of OTLP's. */
export function severityName(severity: number): SeverityName | null {
  if (severity < 1 || severity > MAX_SEVERITY) return null;
  return SEVERITIES.findLast(([, least]) => severity >= least)![0];
}

/** Limits of what is kept of one log record, and of the log records of one trace. */
export const LOG_LIMITS = {
  /** Bounds the characters of the body; the rest is cut off and the record is marked as cut. */
  body: 8192,
  /**
   * Bounds the characters of the attributes together. A stack trace, which is the longest that a
   * sender may send in one value, still fits.
   */
  attributes: 20_480,
  /** Bounds the log records that are kept of one trace. */
  records: 2000,
  /** Bounds the characters of all log records that are kept of one trace. */
  characters: 2 * 1024 * 1024,
  /**
   * Bounds the share of both limits that records below ERROR may take. The rest is reserved for
   * errors, which often come last.
   */
  shareBelowError: 0.75,
} as const;

import type { Service } from './span.ts';
import type { UnixNanos } from './time.ts';

/**
 * An ordinary log record on its way to the store. It is only shown next to the spans of its trace,
 * and does not influence how flows are joined or judged.
 */
export interface LogRecord {
  /** Identifies the record in its trace: a hash of its content, 16 hex digits. */
  id: string;
  traceId: string;
  /** Span in which the record was written; '' if unknown. */
  spanId: string;
  time: UnixNanos;
  receivedAtMs: number;
  /** Severity number of OTLP, 1 to 24; 0 if not given. */
  severity: number;
  service: Service;
  eventName: string;
  scope: string;
  /** Body as text, at most `LOG_LIMITS.body` characters. */
  body: string;
  /** Attributes of the record as JSON text. */
  attributes: string;
  resource: string;
  /** True if the body or some attributes were cut because they exceeded `LOG_LIMITS`. */
  isCut: boolean;
}

/** Number of log records of a trace that were dropped, because the trace had reached its limit. */
export interface LogsDropped {
  /** Identifies the count, so that a count that was written twice is added only once. */
  id: string;
  traceId: string;
  receivedAtMs: number;
  records: number;
  /** Number of those dropped records whose severity is ERROR or higher. */
  errors: number;
}

/** Which log records are stored: none, errors only, or all (setting FERMATA_LOGS). */
export type KeptLogs = 'off' | 'errors' | 'all';

/** Lowest severity number of each of OTLP's six levels, lowest level first. */
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

/** Returns the level of a severity number; null if OTLP does not define the number. */
export function severityName(severity: number): SeverityName | null {
  if (severity < 1 || severity > MAX_SEVERITY) return null;
  return SEVERITIES.findLast(([, least]) => severity >= least)![0];
}

/** Limits of a log record, and of all log records of one trace. */
export const LOG_LIMITS = {
  /**
   * Maximum length of the body, characters. A longer body is cut, and the record is marked as cut.
   */
  body: 8192,
  /**
   * Maximum total length of the attributes, characters. A stack trace of the maximum length of one
   * value fits.
   */
  attributes: 20_480,
  /** Maximum number of log records that are stored for a trace. */
  records: 2000,
  /** Maximum total length of the log records that are stored for a trace, characters. */
  characters: 2 * 1024 * 1024,
  /**
   * Share of both limits of a trace that records below ERROR may use. The remaining share is
   * reserved for errors, which often come last.
   */
  shareBelowError: 0.75,
} as const;

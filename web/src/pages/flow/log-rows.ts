import type { Flow, FlowLog, LogSeverity, Step } from '@fermata/server/contract';
import { nanosToMs } from '../../ui/format.ts';

/** A row of the list of log records: a record, or a pause between two records. */
export type LogRow =
  | { kind: 'record'; key: string; log: FlowLog; step: Step | null; text: string }
  | { kind: 'pause'; key: string; ms: number };

/** Minimum length of a pause between two records that gets a row of its own, ms. */
const PAUSE_MS = 60_000;
export const STACK = 'exception.stacktrace';

/** Returns the step of each span, by trace id and span id, and also by span id alone. */
export function stepsBySpan({ steps }: Pick<Flow, 'steps'>): ReadonlyMap<string, Step> {
  const found = new Map<string, Step>();
  for (const step of steps)
    for (const spanId of step.spanIds) found.set(step.traceId + spanId, step);
  // Spans are also entered without a trace id, because an earlier attempt of a step may be in
  // another trace than the step's `traceId`.
  for (const step of steps)
    for (const spanId of step.spanIds) if (!found.has(spanId)) found.set(spanId, step);
  return found;
}

export const stepOf = (
  steps: ReadonlyMap<string, Step>,
  { traceId, spanId }: FlowLog,
): Step | null => steps.get(traceId + spanId) ?? steps.get(spanId) ?? null;

export const keyOf = ({ traceId, id }: FlowLog): string => traceId + id;

/** Returns rows for log records that are sorted by time. */
export function logRows(logs: readonly FlowLog[], steps: ReadonlyMap<string, Step>): LogRow[] {
  const rows: LogRow[] = [];
  let before: number | null = null;
  for (const log of logs) {
    const key = keyOf(log);
    const at = nanosToMs(log.timeUnixNano);
    if (before !== null && at - before >= PAUSE_MS)
      rows.push({ kind: 'pause', key: `pause ${key}`, ms: at - before });
    before = at;
    rows.push({ kind: 'record', key, log, step: stepOf(steps, log), text: textOf(log) });
  }
  return rows;
}

/**
 * Returns a log record as one line: the first line of its body, else its exception, event name or
 * attributes.
 */
export function textOf({ body, eventName, attributes }: FlowLog): string {
  const [first] = body.trim().split('\n', 1);
  if (first) return first;
  const { 'exception.type': type, 'exception.message': message } = attributes;
  const exception = [type, message].filter((one) => typeof one === 'string').join(': ');
  return exception || eventName || valueText(attributes);
}

export const valueText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

/** Returns whether a record contains a text in its body, service, event name or attributes. */
export function hasText(log: FlowLog, wanted: string): boolean {
  const has = (value: string): boolean => value.toLowerCase().includes(wanted);
  return (
    has(log.body) ||
    has(log.service) ||
    has(log.eventName) ||
    Object.entries(log.attributes).some(([name, value]) => has(name) || has(valueText(value)))
  );
}

/** Choices for the minimum severity. */
export const LEVELS = ['info', 'warn', 'error'] as const satisfies readonly LogSeverity[];
export const toneOf = (severity: LogSeverity | null): 'bad' | 'warn' | '' =>
  severity === 'error' || severity === 'fatal' ? 'bad' : severity === 'warn' ? 'warn' : '';

/** Returns the number of records with a severity of `least` or above. */
export function countFrom(
  counts: readonly { severity: LogSeverity | null; records: number }[],
  order: readonly LogSeverity[],
  least: LogSeverity,
): number {
  const from = order.indexOf(least);
  return counts.reduce(
    (sum, { severity, records }) =>
      sum + (severity !== null && order.indexOf(severity) >= from ? records : 0),
    0,
  );
}

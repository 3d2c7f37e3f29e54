import type { Flow, FlowLog, LogSeverity, Step } from '@fermata/server/contract';
import { nanosToMs } from '../../ui/format.ts';

/** A row of the stream of log records: a record, or the pause between two of them. */
export type LogRow =
  | { kind: 'record'; key: string; log: FlowLog; step: Step | null; text: string }
  | { kind: 'pause'; key: string; ms: number };

/** Length of a pause, ms, from which on it is shown: what follows is another part of the story. */
const PAUSE_MS = 60_000;
export const STACK = 'exception.stacktrace';

/** Returns the step that each span belongs to. */
export function stepsBySpan({ steps }: Pick<Flow, 'steps'>): ReadonlyMap<string, Step> {
  const found = new Map<string, Step>();
  for (const step of steps)
    for (const spanId of step.spanIds) found.set(step.traceId + spanId, step);
  // The span of an attempt may be of another trace than the step's last one.
  for (const step of steps)
    for (const spanId of step.spanIds) if (!found.has(spanId)) found.set(spanId, step);
  return found;
}

export const stepOf = (
  steps: ReadonlyMap<string, Step>,
  { traceId, spanId }: FlowLog,
): Step | null => steps.get(traceId + spanId) ?? steps.get(spanId) ?? null;

export const keyOf = ({ traceId, id }: FlowLog): string => traceId + id;

/** Returns the rows of log records, which are in order of time. */
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

/** Returns what a record says in a line: its body, or what else it has. */
export function textOf({ body, eventName, attributes }: FlowLog): string {
  const [first] = body.trim().split('\n', 1);
  if (first) return first;
  const { 'exception.type': type, 'exception.message': message } = attributes;
  const exception = [type, message].filter((one) => typeof one === 'string').join(': ');
  return exception || eventName || valueText(attributes);
}

export const valueText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value) ?? '');

/** Tells whether a record has a text in its body, service, event name or attributes. */
export function hasText(log: FlowLog, wanted: string): boolean {
  const has = (value: string): boolean => value.toLowerCase().includes(wanted);
  return (
    has(log.body) ||
    has(log.service) ||
    has(log.eventName) ||
    Object.entries(log.attributes).some(([name, value]) => has(name) || has(valueText(value)))
  );
}

/** The choices of a least level, and the class of each level's colour. */
export const LEVELS = ['info', 'warn', 'error'] as const satisfies readonly LogSeverity[];
export const toneOf = (severity: LogSeverity | null): 'bad' | 'warn' | '' =>
  severity === 'error' || severity === 'fatal' ? 'bad' : severity === 'warn' ? 'warn' : '';

/** Counts the records of a level and of those above it. */
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

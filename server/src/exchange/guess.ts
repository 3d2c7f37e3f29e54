import type { FormatName } from './format.ts';

/** Number of bytes at the beginning of a file from which its format is guessed. */
export const GUESS_BYTES = 65_536;

/**
 * Patterns by which each format is recognized, the most reliable first; for JSON these are names of
 * fields. All patterns of an entry must match. Each pattern looks ahead only a bounded number of
 * characters, because otherwise a file that repeats its beginning would take quadratic time.
 */
export const SIGNS: readonly (readonly [FormatName, ...RegExp[]])[] = [
  ['xes', /<log\b[^>]{0,500}\bxes\.|xes-standard/],
  ['ocel-xml', /<(?:object-types|event-types|objects|events)\b/],
  ['otlp', /"resource(?:Spans|Logs)"\s{0,20}:/],
  ['jaeger', /"(?:traceID|operationName)"\s{0,20}:/],
  ['ocel', /"(?:objectTypes|eventTypes|objectId)"\s{0,20}:/],
  ['ocel', /^\{\s*"(?:objects|events)"\s*:\s*\[\s*\{\s*"id"/],
  ['step-functions', /"previousEventId"\s{0,20}:/],
  // What a task is given may have an event's type in it.
  ['conductor', /"workflowInstanceId"\s{0,20}:/, /"referenceTaskName"\s{0,20}:/],
  ['cadence', /"eventType"\s{0,20}:/, /"(?:taskList|decisionTask\w{1,100})"\s{0,20}:/],
  ['temporal', /"eventType"\s{0,20}:/],
  ['conductor', /"(?:taskDefName|referenceTaskName|taskReferenceName|workflowName)"\s{0,20}:/],
  ['zipkin', /"traceId"\s{0,20}:/, /"timestamp"\s{0,20}:/],
  ['zipkin', /"localEndpoint"\s{0,20}:/],
];

/** Returns the format of a file that begins with this text; null if no format is recognized. */
export function guessFormat(beginning: string): FormatName | null {
  const text = beginning.replace(/^\ufeff/, '').trimStart();
  for (const [name, ...signs] of SIGNS) if (signs.every((sign) => sign.test(text))) return name;
  const lineEnd = text.indexOf('\n');
  const isTable = lineEnd > 0 && /^[^{[<][^{[<,;\t]*[,;\t]/.test(text.slice(0, lineEnd));
  return isTable ? 'csv' : null;
}

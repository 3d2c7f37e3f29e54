import type { FormatName } from './format.ts';

/** Bytes from the beginning of a file by which its format is guessed. */
export const GUESS_BYTES = 65_536;

/**
 * Signs of each format, the surest first; those of JSON are names of fields. All patterns of a sign
 * have to be found. No pattern looks on without a bound from a place that the file can repeat,
 * because the time for that grows with the square of the text.
 */
export const SIGNS: readonly (readonly [FormatName, ...RegExp[]])[] = [
  ['xes', /<log\b[^>]{0,500}\bxes\.|xes-standard/],
  ['ocel-xml', /<(?:object-types|event-types|objects|events)\b/],
  ['otlp', /"resource(?:Spans|Logs)"\s{0,20}:/],
  ['jaeger', /"(?:traceID|operationName)"\s{0,20}:/],
  ['ocel', /"(?:objectTypes|eventTypes|objectId)"\s{0,20}:/],
  ['ocel', /^\{\s*"(?:objects|events)"\s*:\s*\[\s*\{\s*"id"/],
  ['step-functions', /"previousEventId"\s{0,20}:/],
  ['cadence', /"eventType"\s{0,20}:/, /"(?:taskList|decisionTask\w{1,100})"\s{0,20}:/],
  ['temporal', /"eventType"\s{0,20}:/],
  ['conductor', /"(?:taskDefName|referenceTaskName|taskReferenceName|workflowName)"\s{0,20}:/],
  ['zipkin', /"traceId"\s{0,20}:/, /"timestamp"\s{0,20}:/],
  ['zipkin', /"localEndpoint"\s{0,20}:/],
];

/** Returns the format of a file by its beginning, or null if it looks like none. */
export function guessFormat(beginning: string): FormatName | null {
  const text = beginning.replace(/^\ufeff/, '').trimStart();
  for (const [name, ...signs] of SIGNS) if (signs.every((sign) => sign.test(text))) return name;
  const lineEnd = text.indexOf('\n');
  const isTable = lineEnd > 0 && /^[^{[<][^{[<,;\t]*[,;\t]/.test(text.slice(0, lineEnd));
  return isTable ? 'csv' : null;
}

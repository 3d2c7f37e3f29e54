import type { FormatName } from './format.ts';

/** Bytes from the beginning of a file by which its format is guessed. */
export const GUESS_BYTES = 65_536;

/** Signs of each format, the surest first. Those of JSON are names of fields. */
const SIGNS: readonly (readonly [FormatName, RegExp])[] = [
  ['xes', /<log\b[^>]*\bxes\.|xes-standard/],
  ['ocel-xml', /<(?:object-types|event-types|objects|events)\b/],
  ['otlp', /"resource(?:Spans|Logs)"\s*:/],
  ['jaeger', /"traceID"\s*:|"operationName"\s*:/],
  [
    'ocel',
    /"(?:objectTypes|eventTypes)"\s*:|"objectId"\s*:|^\{\s*"(?:objects|events)"\s*:\s*\[\s*\{\s*"id"/,
  ],
  ['step-functions', /"previousEventId"\s*:/],
  ['cadence', /"eventType"\s*:[^]*"(?:taskList|decisionTask\w+)"\s*:/],
  ['temporal', /"eventType"\s*:/],
  ['conductor', /"(?:taskDefName|referenceTaskName|taskReferenceName|workflowName)"\s*:/],
  ['zipkin', /"traceId"\s*:[^]*"(?:localEndpoint|timestamp)"\s*:|"localEndpoint"\s*:/],
];

/** Returns the format of a file by its beginning, or null if it looks like none. */
export function guessFormat(beginning: string): FormatName | null {
  const text = beginning.replace(/^\ufeff/, '').trimStart();
  for (const [name, sign] of SIGNS) if (sign.test(text)) return name;
  const isTable = /^[^\n{[<]+[,;\t][^\n]*\n/.test(text);
  return isTable ? 'csv' : null;
}

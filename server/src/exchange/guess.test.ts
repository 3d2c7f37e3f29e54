import { expect, test } from 'vitest';
import { GUESS_BYTES, guessFormat, SIGNS } from './guess.ts';

test.each([
  ['<?xml version="1.0"?>\n<log openxes.version="1" xes.version="2.0">', 'xes'],
  ['<log xmlns="http://www.xes-standard.org/">', 'xes'],
  ['<log><object-types>', 'ocel-xml'],
  ['{"resourceSpans": []}', 'otlp'],
  ['{"data":[{"traceID" : "1"', 'jaeger'],
  ['{ "events" : [ { "id": "e1"', 'ocel'],
  ['{"events":[{"previousEventId":0', 'step-functions'],
  ['[{"eventType":"WorkflowExecutionStarted","x":{"taskList":{}}', 'cadence'],
  ['[{"eventType":"WorkflowExecutionStarted","x":{"taskQueue":{}}', 'temporal'],
  ['{"workflowName":"order"', 'conductor'],
  [
    '{"tasks":[{"referenceTaskName":"t","inputData":{"eventType":"e"},"workflowInstanceId":"w"',
    'conductor',
  ],
  ['[{"traceId":"1","id":"2","timestamp":3', 'zipkin'],
  ['[{"localEndpoint":{}', 'zipkin'],
  ['\ufeffcase;activity;time\no1;pay;1\n', 'csv'],
  [',case,activity\n0,o1,pay\n', 'csv'],
  [',activity\n', null],
  ['a,b', null],
  ['no table\n1,2\n', null],
  ['[a,b]\n', null],
])('%s is told apart', (text, format) => {
  expect(guessFormat(text)).toBe(format);
});

test('no pattern goes on without a bound from a place that a file can repeat', () => {
  const patterns = SIGNS.flatMap(([, ...signs]) => signs.map(({ source }) => source));
  const free = patterns.filter((source) => !source.startsWith('^'));
  expect(free.length).toBeGreaterThan(10);
  expect(free.filter((source) => /[*+]|,\}/.test(source))).toEqual([]);
});

test.each(['<log ', '<log xes', '"eventType":', '"traceId":', '"eventType"   ', ',', 'a,', '{ '])(
  'a beginning of nothing but %s is guessed',
  (part) => {
    const text = part.repeat(Math.ceil(GUESS_BYTES / part.length)).slice(0, GUESS_BYTES);
    expect(guessFormat(text)).toBe(part === '"eventType":' ? 'temporal' : null);
  },
);

import { LOG_SEVERITIES, type FlowLog, type Step } from '@fermata/server/contract';
import { expect, test } from 'vitest';
import { countFrom, hasText, logRows, stepsBySpan, textOf, toneOf } from './log-rows.ts';

const log = (more: Partial<FlowLog>): FlowLog => ({
  ...{ id: '1', traceId: 't', spanId: '', timeUnixNano: '0', receivedAt: '', severity: 'info' },
  ...{ severityNumber: 9, service: 'shop', eventName: '', scope: '', body: '', isCut: false },
  ...{ attributes: {}, resource: {} },
  ...more,
});
const step = (id: string, traceId: string, spanIds: string[]): Step =>
  ({ id, traceId, spanIds }) as Step;

test('a record has the step of its span; of two spans with one id, that of its trace', () => {
  const steps = stepsBySpan({ steps: [step('a', 't', ['1', '2']), step('b', 'u', ['1'])] });
  const stepIds = [
    log({ spanId: '1' }),
    log({ spanId: '1', traceId: 'u' }),
    log({ spanId: '2', traceId: 'x' }),
    log({ spanId: '9' }),
    log({}),
  ].map((one) => {
    const [row] = logRows([one], steps);
    return row?.kind === 'record' ? (row.step?.id ?? null) : undefined;
  });
  expect(stepIds).toEqual(['a', 'b', 'a', null, null]);
});

test('a long pause is a row of its own', () => {
  const at = (id: string, ms: number): FlowLog => log({ id, timeUnixNano: `${ms}000000` });
  const rows = logRows([at('1', 0), at('2', 59_999), at('3', 200_000)], new Map());
  expect(rows.map((row) => (row.kind === 'pause' ? row.ms : row.log.id))).toEqual([
    ...['1', '2', 140_001, '3'],
  ]);
  expect(new Set(rows.map(({ key }) => key)).size).toBe(4);
});

test('a line is the first one of the body, or what else the record has', () => {
  const exception = { 'exception.type': 'Boom', 'exception.message': 'no' };
  expect(textOf(log({ body: '\n  first\nsecond' }))).toBe('first');
  expect(textOf(log({ attributes: exception, eventName: 'e' }))).toBe('Boom: no');
  expect(textOf(log({ eventName: 'cart.emptied' }))).toBe('cart.emptied');
  expect(textOf(log({ attributes: { n: 1 } }))).toBe('{"n":1}');
});

test('a text is found in body, service, event, and names and values of attributes', () => {
  const one = log({ body: 'Disk FULL', eventName: 'Ev', attributes: { Host: { name: 'H9' } } });
  for (const text of ['disk full', 'shop', 'ev', 'host', 'h9'])
    expect([text, hasText(one, text)]).toEqual([text, true]);
  expect(hasText(one, 'tape')).toBe(false);
});

test('a level counts those above it; a record without one counts for none', () => {
  const counts = [
    { severity: null, records: 8 },
    { severity: 'info' as const, records: 4 },
    { severity: 'error' as const, records: 2 },
    { severity: 'fatal' as const, records: 1 },
  ];
  const from = (level: FlowLog['severity']): number => countFrom(counts, LOG_SEVERITIES, level!);
  expect([from('trace'), from('warn'), from('fatal')]).toEqual([7, 3, 1]);
  expect([toneOf('fatal'), toneOf('warn'), toneOf('info'), toneOf(null)]).toEqual([
    ...['bad', 'warn', '', ''],
  ]);
});

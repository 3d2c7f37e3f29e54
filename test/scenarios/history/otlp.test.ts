import { expect, test } from 'vitest';
import { nanosOf, toOtlp } from './otlp.ts';
import { dueIn } from './send.ts';
import type { Played, PlayedSpan } from './player.ts';

const span = (over: Partial<PlayedSpan>): PlayedSpan => ({
  ...{ service: 'payment', traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), name: 'work' },
  ...{ kind: 'consumer', startMs: 1000, endMs: 1010.5, attributes: { attempt: 2, type: 'T' } },
  ...over,
});
const played = (...spans: PlayedSpan[]): Played => ({ spans, events: [] });

test('times are exact to the microsecond, in nanoseconds', () => {
  expect(nanosOf(1_700_000_000_123.456)).toBe('1700000000123456000');
});

test('records are grouped by the process that sent them', () => {
  const some = played(span({}), span({ service: 'mailer' }), span({ endMs: 5000 }));
  const { traces } = toOtlp(some, (service, atMs) => ({ service, version: atMs > 2000 ? 2 : 1 }));
  expect(traces.resourceSpans.map(({ scopeSpans }) => scopeSpans[0]!.spans.length)).toEqual([
    1, 1, 1,
  ]);
  expect(traces.resourceSpans[0]!.scopeSpans[0]!.spans[0]).toMatchObject({
    ...{ kind: 5, startTimeUnixNano: '1000000000', endTimeUnixNano: '1010500000' },
    attributes: [
      { key: 'attempt', value: { intValue: '2' } },
      { key: 'type', value: { stringValue: 'T' } },
    ],
  });
});

test('a failure is a status, an error type and an exception', () => {
  const failure = { type: 'CardDeclined', message: 'insufficient funds' };
  const { traces } = toOtlp(played(span({ failure })), () => ({}));
  expect(traces.resourceSpans[0]!.scopeSpans[0]!.spans[0]).toMatchObject({
    status: { code: 2, message: 'insufficient funds' },
    events: [{ name: 'exception' }],
  });
});

test('a record is due in one interval only', () => {
  const all = played(span({ endMs: 10 }), span({ endMs: 20 }), span({ endMs: 30 }));
  expect(dueIn(all, 10, 20).spans.map(({ endMs }) => endMs)).toEqual([20]);
});

import { expect, test } from 'vitest';
import { KeyValues, type OtlpSpan } from '../../model/otlp.ts';
import { unixNanos } from '../../model/time.ts';
import { createNormalizer } from '../../normalize/index.ts';
import { fromSpanRow, recordText } from './span.ts';

const normalizer = createNormalizer({ identityKeys: [], searchKeys: [] });
const TRACE = 'a'.repeat(32);
const SPAN = 'b'.repeat(16);
const otlp = (over: Partial<OtlpSpan> = {}): OtlpSpan => ({
  ...{ resource: { attributes: ['service.name', 'shop'] }, scopeName: 'lib', traceId: TRACE },
  ...{ spanId: SPAN, parentSpanId: 'c'.repeat(16), traceState: 'a=b', flags: 0x301, name: 'n' },
  ...{ kind: 4, start: unixNanos(1_700_000_000_123_456_789n), end: unixNanos(2n ** 63n - 1n) },
  ...{ attributes: [], events: [], links: [], statusCode: 2, statusMessage: 'no' },
  ...over,
});
const row = (record: string) => ({ received_ms: '5', trace_id: TRACE, span_id: SPAN, record });
const backOf = (span: OtlpSpan) => {
  const { resource, ...rest } = span;
  const stored = fromSpanRow(row(recordText(normalizer.span(span, 5))));
  expect(stored.log).toBeUndefined();
  // The normalizer adds derived fields to the resource. They are not stored, so compare only the
  // attributes.
  expect(stored.span!.resource.attributes).toEqual(resource.attributes);
  const { resource: _resource, ...read } = stored.span!;
  return { read, rest };
};

test('a span is read back as what was sent', () => {
  const { read, rest } = backOf(
    otlp({
      attributes: ['text', 'a "b" \\ \n', 'big', 2n ** 63n, 'map', new KeyValues(['k', [1, null]])],
      events: [{ time: unixNanos(7n), name: 'e', attributes: ['x', true] }],
      links: [
        { traceId: TRACE, spanId: SPAN, attributes: [] },
        { traceId: TRACE, spanId: SPAN, attributes: ['y', 1.5] },
      ],
      droppedLinks: 3,
    }),
  );
  expect(read).toEqual(rest);
});

test('a span that says as little as can be is, too', () => {
  const { read, rest } = backOf(otlp({ parentSpanId: '', traceState: '', statusMessage: '' }));
  expect(read).toEqual(rest);
  expect('droppedLinks' in read).toBe(false);
});

test('whatever stands in its texts, a record is five lines', () => {
  const hostile = 'a\nb\r\n"],[\u2028\0\\';
  const span = otlp({ name: hostile, scopeName: hostile, statusMessage: hostile });
  expect(recordText(normalizer.span(span, 5)).split('\n')).toHaveLength(5);
  const { read } = backOf(span);
  expect([read.name, read.scopeName, read.statusMessage]).toEqual([hostile, hostile, hostile]);
});

test('times are stored as they came, and not as they were repaired', () => {
  const { read } = backOf(otlp({ start: unixNanos(20n), end: unixNanos(10n) }));
  expect([read.start, read.end]).toEqual([20n, 10n]);
});

test('a milestone is read back as the log record that it was', () => {
  const log = {
    ...{ resource: { attributes: [] }, scopeName: 'lib', traceId: TRACE, spanId: SPAN },
    ...{
      time: unixNanos(0n),
      observed: unixNanos(9n),
      severity: 9,
      severityText: '',
      body: 'done',
    },
    ...{ eventName: 'fermata.step.completed', attributes: ['fermata.step.name', 'ship'] },
  };
  const stored = fromSpanRow(row(recordText(normalizer.event(log, 5)!)));
  expect(stored.span).toBeUndefined();
  // The time is the observed time, because the log record had no time of its own. The severity is
  // not stored.
  expect(stored.log).toEqual({
    ...{ ...log, time: 9n, severity: 0 },
    resource: { attributes: [] },
  });
  expect(stored).toMatchObject({ receivedAtMs: 5, traceId: TRACE, spanId: SPAN });
});

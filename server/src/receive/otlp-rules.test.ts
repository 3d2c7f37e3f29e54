import { expect, test } from 'vitest';
import { emptyExport, LIMITS, type OtlpSpan } from '../model/otlp.ts';
import { hasRoom, noteLeftOut, refuse, scopeWith, tooManyParts, wrongId } from './otlp-rules.ts';

const TRACE = '0'.repeat(31) + '1';
const SPAN = '0'.repeat(15) + '1';

test.each([
  [TRACE, SPAN, '', ''],
  [TRACE, SPAN, SPAN, ''],
  ['1'.repeat(32), '1'.repeat(16), '0'.repeat(16), ''],
  ['', SPAN, '', 'trace id of 0 bytes, 16 needed'],
  [SPAN, SPAN, '', 'trace id of 8 bytes, 16 needed'],
  [TRACE, TRACE, '', 'span id of 16 bytes, 8 needed'],
  [TRACE, '', '', 'span id of 0 bytes, 8 needed'],
  [TRACE, SPAN, 'ab', 'parent span id of 1 bytes, 8 or none needed'],
  ['0'.repeat(32), SPAN, '', 'trace id is all zero'],
  [TRACE, '0'.repeat(16), '', 'span id is all zero'],
])('trace %j, span %j, parent %j: %j', (trace, span, parent, wrong) => {
  expect(wrongId(trace, span, parent)).toBe(wrong);
});

test('the first refusal is the one that is told, with its place among the records', () => {
  const out = emptyExport();
  out.spans.push({} as OtlpSpan);
  refuse(out, 'span id is all zero');
  refuse(out, 'another');
  expect([out.rejected, out.rejectedReason]).toEqual([2, 'record 1: span id is all zero']);
});

test('spans and logs share the room of one request', () => {
  const out = emptyExport();
  out.spans.length = LIMITS.records - 1;
  expect(hasRoom(out)).toBe(true);
  out.logs.length = 1;
  expect(hasRoom(out)).toBe(false);
  expect(out.rejected).toBe(1);
  expect(out.rejectedReason).toContain(`${LIMITS.records} records at most`);
});

test('what was left out is noted only where there is something', () => {
  const span = {} as OtlpSpan;
  noteLeftOut(span, { attributes: 0, events: 0, links: 0, cut: 0 });
  expect(span).toEqual({});
  noteLeftOut(span, { attributes: 1, events: 2, links: 3, cut: 4 });
  expect(span).toEqual({ droppedAttributes: 1, droppedEvents: 2, droppedLinks: 3, cut: 4 });
});

test('a scope that is only a name has nothing more', () => {
  const scope = { version: '', attributes: [], schemaUrl: '', dropped: 0 };
  expect(scopeWith(scope)).toEqual({});
  expect(scopeWith({ ...scope, dropped: 1 })).toEqual({ scope: { ...scope, dropped: 1 } });
});

test('too many values are refused for good: the same request will never fit', () => {
  expect(tooManyParts(5)).toMatchObject({ code: 'otlp.too-large', retryable: false });
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeTracesJson } from '../receive/otlp-json.ts';
import { otlpTraces } from './otlp-writer.ts';
import type { OtlpSpan } from './otlp.ts';

const decode = (request: object): OtlpSpan[] =>
  decodeTracesJson(Buffer.from(JSON.stringify(request))).spans;

const exact = ({ doubleValue }: { doubleValue: number }): object => ({
  doubleValue: Number.isFinite(doubleValue) ? doubleValue : String(doubleValue),
});
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const text = fc.string({ maxLength: 8 });
const dropped = fc.option(fc.integer({ min: 1, max: 2 ** 31 }), { nil: undefined });
const value = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    fc.record({ doubleValue: fc.oneof(fc.double({ noNaN: true }), fc.integer()) }).map(exact),
    fc.constantFrom({ doubleValue: 'NaN' }, { doubleValue: '-Infinity' }, { doubleValue: '-0' }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 8 }).map(base64) }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: text, value: tie('value') }), { maxLength: 3 }),
      }),
    }),
  ),
})).value;
const attributes = fc.array(fc.record({ key: text, value }), { maxLength: 4 });
const part = { attributes, droppedAttributesCount: dropped };
const id = fc.constantFrom('ab', 'cd');
const span = fc.record({
  traceId: id.map((two) => two.repeat(16)),
  spanId: id.map((two) => two.repeat(8)),
  parentSpanId: fc.constantFrom('', 'ef'.repeat(8)),
  ...{ name: text, traceState: text, kind: fc.nat({ max: 5 }), flags: fc.nat({ max: 0x3ff }) },
  startTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  endTimeUnixNano: fc.constant('7'),
  ...part,
  ...{ droppedEventsCount: dropped, droppedLinksCount: dropped },
  events: fc.array(fc.record({ timeUnixNano: fc.constant('5'), name: text, ...part }), {
    maxLength: 2,
  }),
  links: fc.array(
    fc.record({
      ...{ traceId: fc.constant('ab'.repeat(16)), spanId: fc.constant('ab'.repeat(8)) },
      ...{ traceState: text, flags: fc.nat({ max: 9 }), ...part },
    }),
    { maxLength: 2 },
  ),
  status: fc.record({ code: fc.nat({ max: 2 }), message: text }),
});
const request = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record(part),
      schemaUrl: text,
      scopeSpans: fc.array(
        fc.record({
          scope: fc.record({ name: text, version: text, ...part }),
          schemaUrl: text,
          spans: fc.array(span, { maxLength: 3 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 3 },
  ),
});

/**
 * Compares spans without their grouping, because the writer may join groups with the same resource
 * and scope.
 */
const sorted = (spans: OtlpSpan[]): string[] => spans.map((one) => showing(one)).sort();
const showing = (of: unknown): string =>
  JSON.stringify(of, (_key, one: unknown) =>
    typeof one === 'bigint'
      ? `${one}n`
      : typeof one === 'number' && (Object.is(one, -0) || !Number.isFinite(one))
        ? `number ${Object.is(one, -0) ? '-0' : one}`
        : one instanceof Uint8Array
          ? base64(one)
          : one,
  );

test('what was sent comes out as it was, types included', () => {
  fc.assert(
    fc.property(request, (sent) => {
      const spans = decode(sent);
      expect(sorted(decode(otlpTraces(spans)))).toEqual(sorted(spans));
    }),
    { seed: 7, numRuns: 300 },
  );
});

test('spans of one resource and scope are written together', () => {
  const spans = decode({
    resourceSpans: [1, 2].map(() => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'shop' } }] },
      scopeSpans: [
        {
          scope: { name: 'http', version: '1' },
          spans: [{ traceId: 'ab'.repeat(16), spanId: 'ab'.repeat(8) }],
        },
      ],
    })),
  });
  expect(otlpTraces(spans)).toMatchObject({
    resourceSpans: [{ scopeSpans: [{ scope: { version: '1' }, spans: [{}, {}] }] }],
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FermataError } from '../base/errors.ts';
import { KeyValues, WholeDouble, type AttributeValue, type OtlpExport } from '../model/otlp.ts';
import { decodeTracesJson } from './otlp-json.ts';
import { decodeTraces } from './otlp-protobuf.ts';
import { encodeJson, TraceRequest } from '../testing/otlp-encoder.ts';

const hex = (bytes: number): fc.Arbitrary<string> =>
  fc
    .uint8Array({ minLength: bytes, maxLength: bytes })
    .map((array) => Buffer.from([1, ...array.slice(1)]).toString('hex'));
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const value: fc.Arbitrary<object> = fc.letrec<{ value: object }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
    fc.record({
      bytesValue: fc
        .uint8Array({ maxLength: 8 })
        .map((array) => Buffer.from(array).toString('base64')),
    }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: text, value: tie('value') }), { maxLength: 3 }),
      }),
    }),
  ),
})).value;
const attributes = fc.array(
  fc.record({ key: fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '')), value }),
  { maxLength: 5 },
);
const dropped = fc.oneof(fc.constant(0), fc.nat({ max: 2 ** 32 - 1 }));
const span = fc.record({
  traceId: hex(16),
  spanId: hex(8),
  parentSpanId: fc.oneof(fc.constant(''), hex(8)),
  traceState: text,
  name: text,
  kind: fc.nat({ max: 5 }),
  startTimeUnixNano: uint64,
  endTimeUnixNano: uint64,
  attributes,
  events: fc.array(
    fc.record({ timeUnixNano: uint64, name: text, attributes, droppedAttributesCount: dropped }),
    { maxLength: 2 },
  ),
  links: fc.array(
    fc.record({
      ...{ traceId: hex(16), spanId: hex(8), attributes, traceState: text },
      ...{ flags: fc.nat({ max: 0x3ff }), droppedAttributesCount: dropped },
    }),
    { maxLength: 2 },
  ),
  droppedAttributesCount: dropped,
  droppedEventsCount: dropped,
  droppedLinksCount: dropped,
  status: fc.record({ code: fc.nat({ max: 2 }), message: text }),
  flags: fc.nat({ max: 0x3ff }),
});
const request = fc.record({
  resourceSpans: fc.array(
    fc.record({
      resource: fc.record({ attributes, droppedAttributesCount: dropped }),
      schemaUrl: text,
      scopeSpans: fc.array(
        fc.record({
          scope: fc.record({
            ...{ name: text, version: text, attributes },
            droppedAttributesCount: dropped,
          }),
          schemaUrl: text,
          spans: fc.array(span, { maxLength: 3 }),
        }),
        { maxLength: 2 },
      ),
    }),
    { maxLength: 2 },
  ),
});

/** Converts class instances and byte arrays to plain data that can be compared. */
const plain = (value: AttributeValue): unknown => {
  if (value instanceof WholeDouble) return { double: value.value };
  if (value instanceof KeyValues) return { map: value.list.map((item) => plain(item)) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('hex') };
  if (Array.isArray(value)) return value.map(plain);
  return typeof value === 'bigint' ? `${value}n` : Object.is(value, -0) ? { double: 0 } : value;
};
const comparable = (decoded: OtlpExport): unknown =>
  decoded.spans.map((item) => ({
    ...item,
    resource: { ...item.resource, attributes: item.resource.attributes.map(plain) },
    ...(item.scope && {
      scope: { ...item.scope, attributes: item.scope.attributes.map(plain) },
    }),
    attributes: item.attributes.map(plain),
    events: item.events.map((event) => ({ ...event, attributes: event.attributes.map(plain) })),
    links: item.links.map((link) => ({ ...link, attributes: link.attributes.map(plain) })),
  }));

test('protobuf and JSON of one request decode to the same, exactly', () => {
  fc.assert(
    fc.property(request, (sent) => {
      const fromJson = decodeTracesJson(Buffer.from(JSON.stringify(sent)));
      const fromProtobuf = decodeTraces(encodeJson(sent));
      expect(comparable(fromProtobuf)).toEqual(comparable(fromJson));
      const count = sent.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans)).length;
      expect(fromProtobuf.spans).toHaveLength(count);
    }),
    { seed: 42, numRuns: 300 },
  );
});

test('our reader and protobufjs agree on what was sent', () => {
  fc.assert(
    fc.property(request, (sent) => {
      const bytes = encodeJson(sent);
      const theirs = TraceRequest.toObject(TraceRequest.decode(bytes), {
        longs: String,
        arrays: true,
        defaults: true,
      }) as {
        resourceSpans: { scopeSpans: { spans: Record<string, unknown>[] }[] }[];
      };
      const ours = decodeTraces(bytes).spans;
      const flat = theirs.resourceSpans.flatMap((r) => r.scopeSpans.flatMap((s) => s.spans));
      expect(
        ours.map((s) => [
          s.traceId,
          s.spanId,
          s.name,
          s.kind,
          String(s.start),
          String(s.end),
          s.flags,
          s.droppedLinks ?? 0,
          s.statusCode,
          s.attributes.length / 2,
        ]),
      ).toEqual(
        flat.map((s) => [
          Buffer.from(s['traceId'] as Uint8Array).toString('hex'),
          Buffer.from(s['spanId'] as Uint8Array).toString('hex'),
          s['name'],
          s['kind'],
          s['startTimeUnixNano'],
          s['endTimeUnixNano'],
          s['flags'],
          s['droppedLinksCount'],
          (s['status'] as { code: number }).code,
          (s['attributes'] as unknown[]).length,
        ]),
      );
    }),
    { seed: 42, numRuns: 300 },
  );
});

/** Number of mutated requests. Set the environment variable MUTANTS=100000 for a thorough run. */
const MUTANTS = Number(process.env['MUTANTS'] ?? 5000);

describe('hostile bytes', () => {
  test(`${MUTANTS} mutants: an answer each, never a crash, no prototype touched`, () => {
    const samples = fc.sample(request, { seed: 7, numRuns: 40 }).map(encodeJson);
    let state = 12345;
    const random = (below: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return state % below;
    };
    let decoded = 0;
    let refused = 0;
    for (let i = 0; i < MUTANTS; i++) {
      const mutant = Buffer.from(samples[i % samples.length]!);
      for (let n = 1 + random(4); n > 0 && mutant.length > 0; n--)
        mutant[random(mutant.length)] = random(256);
      const body = random(3) === 0 ? mutant.subarray(0, random(mutant.length + 1)) : mutant;
      try {
        decodeTraces(body);
        decoded++;
      } catch (error) {
        expect(error).toBeInstanceOf(FermataError);
        refused++;
      }
    }
    expect(decoded + refused).toBe(MUTANTS);
    expect(refused).toBeGreaterThan(0);
    expect(decoded).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  }, 300_000);

  test('nesting: protobuf values are cut at 32 levels, JSON of 200,000 is refused', () => {
    const field = (number: number, content: Buffer): Buffer => {
      const size = content.length;
      return Buffer.concat([
        Buffer.from([number * 8 + 2, (size & 0x7f) | 0x80, (size >> 7) & 0x7f]),
        content,
      ]);
    };
    // Build `AnyValue { array_value = 5 { values = 1 { … } } }` by hand, nested 60 levels deep,
    // because protobufjs refuses to encode it.
    let nested = field(1, Buffer.from('deep'));
    for (let i = 0; i < 60; i++) nested = field(5, field(1, nested));
    const attribute = field(9, Buffer.concat([field(1, Buffer.from('k')), field(2, nested)]));
    const ids = Buffer.concat([field(1, Buffer.alloc(16, 1)), field(2, Buffer.alloc(8, 2))]);
    const decoded = decodeTraces(field(1, field(2, field(2, Buffer.concat([ids, attribute])))));
    expect(decoded.spans).toHaveLength(1);
    expect(decoded.truncated).toBe(1);
    expect(() => decodeTracesJson(Buffer.from('['.repeat(200_000)))).toThrowError(
      expect.objectContaining({ code: 'otlp.too-deep' }) as Error,
    );
  });

  test('64-bit numbers in JSON are exact, as numbers and as strings', () => {
    const body = `{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"${'A'.repeat(32)}","spanId":"${'b'.repeat(16)}","startTimeUnixNano":1544712660000000123,"endTimeUnixNano":"18446744073709551615","attributes":[{"key":"__proto__","value":{"intValue":9007199254740993}}]}]}]}]}`;
    const [decoded] = decodeTracesJson(Buffer.from(body)).spans;
    expect(decoded!.start).toBe(1544712660000000123n);
    expect(decoded!.end).toBe(2n ** 64n - 1n);
    expect(decoded!.attributes).toEqual(['__proto__', 9007199254740993n]);
    expect(decoded!.traceId).toBe('a'.repeat(32));
  });
});

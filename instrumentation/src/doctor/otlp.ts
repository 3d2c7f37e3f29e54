import { ATTR_FLOW_ID, ATTR_FLOW_SOURCE, ATTR_FLOW_TYPE, ATTR_STEP_NAME } from '../semconv.ts';
import type { Protocol } from './endpoint.ts';

/** The span that the doctor sends as a test. */
export interface OwnSpan {
  flowId: string;
  traceId: string;
  spanId: string;
  atMs: number;
}

/**
 * The test span has an environment of its own, so that the server does not mix it into what it
 * learns from real flows.
 */
export const ENVIRONMENT = 'fermata-doctor';
const SERVICE = 'fermata-doctor';
const NAME = 'doctor';
const KIND_INTERNAL = 1;
const RESOURCE = { 'service.name': SERVICE, 'deployment.environment.name': ENVIRONMENT };
const attributesOf = ({ flowId }: OwnSpan): Record<string, string> => ({
  [ATTR_FLOW_ID]: flowId,
  [ATTR_FLOW_TYPE]: NAME,
  [ATTR_FLOW_SOURCE]: 'explicit',
  [ATTR_STEP_NAME]: NAME,
});

/** Encodes an ExportTraceServiceRequest with the given span, or an empty one. */
export function traceRequest(protocol: Protocol, span?: OwnSpan): Buffer {
  if (protocol === 'http/json') return Buffer.from(JSON.stringify(span ? json(span) : {}));
  return span ? protobuf(span) : Buffer.alloc(0);
}

function json(span: OwnSpan): object {
  const list = (attributes: Record<string, string>): object[] =>
    Object.entries(attributes).map(([key, value]) => ({ key, value: { stringValue: value } }));
  const { traceId, spanId, atMs } = span;
  const own = {
    ...{ traceId, spanId, name: NAME, kind: KIND_INTERNAL },
    startTimeUnixNano: `${atMs}000000`,
    endTimeUnixNano: `${atMs + 1}000000`,
    attributes: list(attributesOf(span)),
  };
  const resource = { attributes: list(RESOURCE) };
  return {
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: SERVICE }, spans: [own] }] }],
  };
}

/**
 * Encodes a request as protobuf. The numbers are the field numbers in OpenTelemetry's trace.proto.
 */
function protobuf(span: OwnSpan): Buffer {
  const list = (number: number, attributes: Record<string, string>): Buffer[] =>
    Object.entries(attributes).map(([key, value]) =>
      field(number, field(1, Buffer.from(key)), field(2, field(1, Buffer.from(value)))),
    );
  const own = [
    field(1, Buffer.from(span.traceId, 'hex')),
    field(2, Buffer.from(span.spanId, 'hex')),
    field(5, Buffer.from(NAME)),
    Buffer.from([6 << 3, KIND_INTERNAL]),
    time(7, span.atMs),
    time(8, span.atMs + 1),
    ...list(9, attributesOf(span)),
  ];
  const scope = field(1, field(1, Buffer.from(SERVICE)));
  return field(1, field(1, ...list(1, RESOURCE)), field(2, scope, field(2, ...own)));
}

/** Encodes a length-delimited protobuf field: a message, a text or bytes. */
function field(number: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...varint(body.length)]), body]);
}

function time(number: number, ms: number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = (number << 3) | 1;
  bytes.writeBigUInt64LE(BigInt(ms) * 1_000_000n, 1);
  return bytes;
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}

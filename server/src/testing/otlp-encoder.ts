import protobuf from 'protobufjs';

/**
 * Defines opentelemetry-proto 1.x as a protobufjs descriptor. The server's own decoder is compared
 * with it, and tests and the load generator use it for encoding. Test code only.
 */
const field = (id: number, type: string, repeated = false): object => ({
  id,
  type,
  ...(repeated && { rule: 'repeated' }),
});
const message = (fields: Record<string, object>, oneofs?: object): object => ({
  fields,
  ...(oneofs && { oneofs }),
});

const root = protobuf.Root.fromJSON({
  nested: {
    AnyValue: message(
      {
        stringValue: field(1, 'string'),
        boolValue: field(2, 'bool'),
        intValue: field(3, 'int64'),
        doubleValue: field(4, 'double'),
        arrayValue: field(5, 'ArrayValue'),
        kvlistValue: field(6, 'KeyValueList'),
        bytesValue: field(7, 'bytes'),
      },
      {
        value: {
          oneof: [
            'stringValue',
            'boolValue',
            'intValue',
            'doubleValue',
            'arrayValue',
            'kvlistValue',
            'bytesValue',
          ],
        },
      },
    ),
    ArrayValue: message({ values: field(1, 'AnyValue', true) }),
    KeyValueList: message({ values: field(1, 'KeyValue', true) }),
    KeyValue: message({ key: field(1, 'string'), value: field(2, 'AnyValue') }),
    Resource: message({
      attributes: field(1, 'KeyValue', true),
      droppedAttributesCount: field(2, 'uint32'),
    }),
    Scope: message({
      name: field(1, 'string'),
      version: field(2, 'string'),
      attributes: field(3, 'KeyValue', true),
      droppedAttributesCount: field(4, 'uint32'),
    }),
    Event: message({
      timeUnixNano: field(1, 'fixed64'),
      name: field(2, 'string'),
      attributes: field(3, 'KeyValue', true),
      droppedAttributesCount: field(4, 'uint32'),
    }),
    Link: message({
      traceId: field(1, 'bytes'),
      spanId: field(2, 'bytes'),
      traceState: field(3, 'string'),
      attributes: field(4, 'KeyValue', true),
      droppedAttributesCount: field(5, 'uint32'),
      flags: field(6, 'fixed32'),
    }),
    Status: message({ message: field(2, 'string'), code: field(3, 'uint32') }),
    Span: message({
      traceId: field(1, 'bytes'),
      spanId: field(2, 'bytes'),
      traceState: field(3, 'string'),
      parentSpanId: field(4, 'bytes'),
      name: field(5, 'string'),
      kind: field(6, 'uint32'),
      startTimeUnixNano: field(7, 'fixed64'),
      endTimeUnixNano: field(8, 'fixed64'),
      attributes: field(9, 'KeyValue', true),
      droppedAttributesCount: field(10, 'uint32'),
      events: field(11, 'Event', true),
      droppedEventsCount: field(12, 'uint32'),
      links: field(13, 'Link', true),
      droppedLinksCount: field(14, 'uint32'),
      status: field(15, 'Status'),
      flags: field(16, 'fixed32'),
    }),
    ScopeSpans: message({
      scope: field(1, 'Scope'),
      spans: field(2, 'Span', true),
      schemaUrl: field(3, 'string'),
    }),
    ResourceSpans: message({
      resource: field(1, 'Resource'),
      scopeSpans: field(2, 'ScopeSpans', true),
      schemaUrl: field(3, 'string'),
    }),
    ExportTraceServiceRequest: message({ resourceSpans: field(1, 'ResourceSpans', true) }),
    PartialSuccess: message({ rejectedSpans: field(1, 'int64'), errorMessage: field(2, 'string') }),
    ExportTraceServiceResponse: message({ partialSuccess: field(1, 'PartialSuccess') }),
    RpcStatus: message({ code: field(1, 'int32'), message: field(2, 'string') }),
  },
});

export const TraceRequest = root.lookupType('ExportTraceServiceRequest');
export const TraceResponse = root.lookupType('ExportTraceServiceResponse');
export const RpcStatus = root.lookupType('RpcStatus');

/**
 * Encodes OTLP/JSON as protobuf, using protobufjs. Hex ids become bytes, and 64-bit numbers stay
 * exact.
 */
export function encodeJson(request: object): Buffer {
  const convert = (value: unknown, key: string): unknown => {
    if (key === 'traceId' || key === 'spanId' || key === 'parentSpanId')
      return Buffer.from(value as string, 'hex');
    if (key === 'bytesValue') return Buffer.from(value as string, 'base64');
    if (Array.isArray(value)) return value.map((item) => convert(item, ''));
    if (typeof value === 'object' && value !== null)
      return Object.fromEntries(
        Object.entries(value).map(([name, item]) => [name, convert(item, name)]),
      );
    return value;
  };
  return Buffer.from(
    TraceRequest.encode(TraceRequest.fromObject(convert(request, '') as object)).finish(),
  );
}

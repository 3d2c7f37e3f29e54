import type * as wire from '../contract/index.ts';
import { KeyValues, type Attributes, type AttributeValue } from '../model/otlp.ts';
import type { StoredSpan } from '../store/index.ts';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

export function presentSpan(stored: StoredSpan): wire.RawSpan {
  const receivedAt = new Date(stored.receivedAtMs).toISOString();
  if (stored.log !== undefined) {
    const { log } = stored;
    return {
      traceId: stored.traceId,
      spanId: stored.spanId,
      parentSpanId: log.spanId,
      name: log.eventName,
      kind: 'log event',
      service: serviceOf(log.resource.attributes),
      startUnixNano: String(log.time),
      endUnixNano: String(log.time),
      statusCode: 0,
      statusMessage: typeof log.body === 'string' ? log.body : '',
      receivedAt,
      attributes: plain(log.attributes),
      resource: plain(log.resource.attributes),
      events: [],
      links: [],
    };
  }
  const { span } = stored;
  return {
    traceId: span.traceId,
    spanId: span.spanId,
    parentSpanId: span.parentSpanId,
    name: span.name,
    kind: KINDS[span.kind] ?? 'unspecified',
    service: serviceOf(span.resource.attributes),
    startUnixNano: String(span.start),
    endUnixNano: String(span.end),
    statusCode: span.statusCode,
    statusMessage: span.statusMessage,
    receivedAt,
    attributes: plain(span.attributes),
    resource: plain(span.resource.attributes),
    events: span.events.map((event) => ({
      timeUnixNano: String(event.time),
      name: event.name,
      attributes: plain(event.attributes),
    })),
    links: span.links.map((link) => ({
      traceId: link.traceId,
      spanId: link.spanId,
      attributes: plain(link.attributes),
    })),
  };
}

function serviceOf(attributes: Attributes): string {
  const at = attributes.indexOf('service.name');
  const value = at % 2 === 0 ? attributes[at + 1] : undefined;
  return typeof value === 'string' ? value : '';
}

export function plain(attributes: Attributes): Record<string, unknown> {
  const object: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (let i = 0; i < attributes.length; i += 2)
    object[attributes[i] as string] = plainValue(attributes[i + 1]!);
  return object;
}

function plainValue(value: AttributeValue): unknown {
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (Array.isArray(value)) return value.map(plainValue);
  if (value instanceof KeyValues) return plain(value.list);
  if (value instanceof Uint8Array) return `base64:${Buffer.from(value).toString('base64')}`;
  return value;
}

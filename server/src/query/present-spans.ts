import { pick } from '../base/pick.ts';
import type * as wire from '../contract/index.ts';
import {
  KeyValues,
  WholeDouble,
  type Attributes,
  type AttributeValue,
  type OtlpLog,
  type OtlpResource,
  type OtlpSpan,
} from '../model/otlp.ts';
import type { StoredSpan } from '../store/index.ts';

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

export function presentSpan(stored: StoredSpan): wire.RawSpan {
  const receivedAt = new Date(stored.receivedAtMs).toISOString();
  const { sameId = [] } = stored;
  return {
    ...(stored.log === undefined ? spanOf(stored.span) : eventOf(stored.log, stored)),
    receivedAt,
    ...(sameId.length > 0 && { sameId: sameId.map(presentSpan) }),
  };
}

/** Shows a milestone, which was received as a log record, as a span without duration. */
const eventOf = (
  log: OtlpLog,
  { traceId, spanId }: StoredSpan,
): Omit<wire.RawSpan, 'receivedAt'> => ({
  ...{ traceId, spanId, parentSpanId: log.spanId, name: log.eventName, kind: 'log event' },
  service: serviceOf(log.resource.attributes),
  startUnixNano: String(log.time),
  endUnixNano: String(log.time),
  statusCode: 0,
  statusMessage: typeof log.body === 'string' ? log.body : '',
  attributes: plain(log.attributes),
  resource: plain(log.resource.attributes),
  scope: { name: log.scopeName },
  events: [],
  links: [],
});

const spanOf = (span: OtlpSpan): Omit<wire.RawSpan, 'receivedAt'> => ({
  ...pick(span, ['traceId', 'spanId', 'parentSpanId', 'name', 'statusCode', 'statusMessage']),
  kind: KINDS[span.kind] ?? 'unspecified',
  service: serviceOf(span.resource.attributes),
  startUnixNano: String(span.start),
  endUnixNano: String(span.end),
  attributes: plain(span.attributes),
  ...resourceOf(span.resource),
  scope: scopeOf(span),
  ...(span.flags !== 0 && { flags: span.flags }),
  ...(span.traceState !== '' && { traceState: span.traceState }),
  ...countOf('droppedAttributesCount', span.droppedAttributes),
  ...countOf('droppedEventsCount', span.droppedEvents),
  ...countOf('droppedLinksCount', span.droppedLinks),
  ...countOf('cut', span.cut),
  events: span.events.map((event) => ({
    timeUnixNano: String(event.time),
    name: event.name,
    attributes: plain(event.attributes),
    ...countOf('droppedAttributesCount', event.dropped),
  })),
  links: span.links.map((link) => ({
    ...pick(link, ['traceId', 'spanId', 'traceState', 'flags']),
    attributes: plain(link.attributes),
    ...countOf('droppedAttributesCount', link.dropped),
  })),
});

const resourceOf = ({
  attributes,
  schemaUrl,
  dropped,
}: OtlpResource): Pick<
  wire.RawSpan,
  'resource' | 'resourceSchemaUrl' | 'resourceDroppedAttributesCount'
> => ({
  resource: plain(attributes),
  ...(schemaUrl !== undefined && { resourceSchemaUrl: schemaUrl }),
  ...countOf('resourceDroppedAttributesCount', dropped),
});

function scopeOf({ scopeName, scope }: OtlpSpan): wire.RawSpan['scope'] {
  if (scope === undefined) return { name: scopeName };
  const { version, attributes, schemaUrl, dropped } = scope;
  return {
    name: scopeName,
    ...(version !== '' && { version }),
    ...(attributes.length > 0 && { attributes: plain(attributes) }),
    ...(schemaUrl !== '' && { schemaUrl }),
    ...countOf('droppedAttributesCount', dropped),
  };
}

const countOf = <Name extends string>(name: Name, count = 0): { [Key in Name]?: number } =>
  count > 0 ? ({ [name]: count } as { [Key in Name]?: number }) : {};

function serviceOf(attributes: Attributes): string {
  const at = attributes.indexOf('service.name');
  const value = at % 2 === 0 ? attributes[at + 1] : undefined;
  return typeof value === 'string' && value !== '' ? value : 'unknown_service';
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
  return value instanceof WholeDouble ? value.value : value;
}

import {
  KeyValues,
  WholeDouble,
  type Attributes,
  type AttributeValue,
  type OtlpEvent,
  type OtlpLink,
  type OtlpSpan,
} from './otlp.ts';

/**
 * Writes spans as an OTLP/JSON trace request, with the exact types of all values and with all
 * metadata from the sender. Spans with the same resource and scope form one group, in their
 * original order. What Fermata's limits cut is added to the dropped counts, as if the sender had
 * dropped it.
 */
export function otlpTraces(spans: readonly OtlpSpan[]): { resourceSpans: object[] } {
  const resources = new Map<string, { group: object; scopes: Map<string, object[]> }>();
  for (const span of spans) {
    const resource = resourceOf(span);
    const found = getOrAdd(resources, JSON.stringify(resource), () => ({
      ...{ group: resource, scopes: new Map<string, object[]>() },
    }));
    getOrAdd(found.scopes, JSON.stringify(scopeOf(span)), () => []).push(spanOf(span));
  }
  return {
    resourceSpans: [...resources.values()].map(({ group, scopes }) => ({
      ...group,
      scopeSpans: [...scopes].map(([scope, list]) => ({
        ...(JSON.parse(scope) as object),
        spans: list,
      })),
    })),
  };
}

function getOrAdd<T>(map: Map<string, T>, key: string, make: () => T): T {
  const found = map.get(key);
  if (found !== undefined) return found;
  const made = make();
  map.set(key, made);
  return made;
}

const resourceOf = ({ resource: { attributes, dropped, schemaUrl } }: OtlpSpan): object => ({
  resource: {
    ...(attributes.length > 0 && { attributes: otlpAttributes(attributes) }),
    ...droppedAttributes(dropped),
  },
  ...(schemaUrl !== undefined && { schemaUrl }),
});

const scopeOf = ({ scopeName, scope }: OtlpSpan): object => ({
  scope: {
    ...(scopeName !== '' && { name: scopeName }),
    ...(scope !== undefined && scope.version !== '' && { version: scope.version }),
    ...(scope !== undefined &&
      scope.attributes.length > 0 && { attributes: otlpAttributes(scope.attributes) }),
    ...droppedAttributes(scope?.dropped),
  },
  ...(scope !== undefined && scope.schemaUrl !== '' && { schemaUrl: scope.schemaUrl }),
});

const spanOf = (span: OtlpSpan): object => ({
  traceId: span.traceId,
  spanId: span.spanId,
  ...(span.traceState !== '' && { traceState: span.traceState }),
  ...(span.parentSpanId !== '' && { parentSpanId: span.parentSpanId }),
  ...(span.flags !== 0 && { flags: span.flags }),
  name: span.name,
  kind: span.kind,
  startTimeUnixNano: String(span.start),
  endTimeUnixNano: String(span.end),
  attributes: otlpAttributes(span.attributes),
  ...droppedAttributes(span.droppedAttributes),
  ...(span.events.length > 0 && { events: span.events.map(eventOf) }),
  ...(span.droppedEvents !== undefined && { droppedEventsCount: span.droppedEvents }),
  ...(span.links.length > 0 && { links: span.links.map(linkOf) }),
  ...(span.droppedLinks !== undefined && { droppedLinksCount: span.droppedLinks }),
  status: {
    ...(span.statusMessage !== '' && { message: span.statusMessage }),
    ...(span.statusCode !== 0 && { code: span.statusCode }),
  },
});

const eventOf = ({ time, name, attributes, dropped }: OtlpEvent): object => ({
  ...{ timeUnixNano: String(time), name, attributes: otlpAttributes(attributes) },
  ...droppedAttributes(dropped),
});

const linkOf = ({ traceId, spanId, traceState, attributes, dropped, flags }: OtlpLink): object => ({
  ...{ traceId, spanId },
  ...(traceState !== undefined && { traceState }),
  attributes: otlpAttributes(attributes),
  ...droppedAttributes(dropped),
  ...(flags !== undefined && { flags }),
});

const droppedAttributes = (count = 0): object =>
  count > 0 ? { droppedAttributesCount: count } : {};

export const otlpAttributes = (attributes: Attributes): object[] =>
  Array.from({ length: attributes.length / 2 }, (_, i) => ({
    key: attributes[2 * i] as string,
    value: otlpValue(attributes[2 * i + 1]!),
  }));

/**
 * Returns a value as OTLP's AnyValue. 64-bit integers are written as text, and so are NaN and
 * infinite numbers.
 */
export function otlpValue(value: AttributeValue): object {
  if (value === null) return {};
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  if (typeof value === 'bigint') return { intValue: String(value) };
  if (typeof value === 'number') return numberOf(value);
  if (value instanceof WholeDouble) return { doubleValue: value.value };
  if (value instanceof KeyValues) return { kvlistValue: { values: otlpAttributes(value.list) } };
  if (value instanceof Uint8Array) return { bytesValue: Buffer.from(value).toString('base64') };
  return { arrayValue: { values: value.map(otlpValue) } };
}

/** Returns a value as a text, for formats that have no other: lists and maps become JSON. */
export function otlpText(value: AttributeValue): string {
  if (typeof value === 'string') return value;
  const plain = plainOf(value);
  return typeof plain === 'string' ? plain : JSON.stringify(plain);
}
function plainOf(value: AttributeValue): unknown {
  if (value === null) return '';
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
  if (typeof value === 'bigint') return String(value);
  if (value instanceof WholeDouble) return value.value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (value instanceof KeyValues)
    return Object.fromEntries(
      Array.from({ length: value.list.length / 2 }, (_, i) => [
        value.list[2 * i] as string,
        plainOf(value.list[2 * i + 1]!),
      ]),
    );
  return Array.isArray(value) ? value.map(plainOf) : value;
}

function numberOf(value: number): object {
  if (Object.is(value, -0)) return { doubleValue: '-0' };
  if (Number.isSafeInteger(value)) return { intValue: String(value) };
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}

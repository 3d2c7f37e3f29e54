import { SEVERITY_TEXT } from '../lines.ts';
import type { Attributes, Played, PlayedEvent, PlayedSpan, SpanKind } from './player.ts';

/** Returns the resource attributes of the process of a service that was running at a time. */
export type ResourceOf = (service: string, atMs: number) => Attributes;

export interface OtlpRequests {
  traces: { resourceSpans: { resource: object; scopeSpans: { spans: object[] }[] }[] };
  logs: { resourceLogs: { resource: object; scopeLogs: { logRecords: object[] }[] }[] };
}

const KINDS: Record<SpanKind, number> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};

/** Converts epoch ms to the form of OTLP: nanoseconds as text, exact to the microsecond. */
export const nanosOf = (ms: number): string => `${Math.round(ms * 1000)}000`;

const attributesOf = (attributes: Attributes): object[] =>
  Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }));

function spanOf({ traceId, spanId, parentSpanId, link, failure, ...span }: PlayedSpan): object {
  const failed = failure && { 'error.type': failure.type };
  return {
    ...{ traceId, spanId, name: span.name, kind: KINDS[span.kind] },
    ...(parentSpanId !== undefined && { parentSpanId }),
    startTimeUnixNano: nanosOf(span.startMs),
    endTimeUnixNano: nanosOf(span.endMs),
    attributes: attributesOf({ ...span.attributes, ...failed }),
    ...(link && { links: [link] }),
    ...(failure && {
      status: { code: 2, message: failure.message },
      events: [
        {
          timeUnixNano: nanosOf(span.endMs),
          name: 'exception',
          attributes: attributesOf({
            'exception.type': failure.type,
            'exception.message': failure.message,
          }),
        },
      ],
    }),
  };
}

const eventOf = ({ eventName, atMs, span, line, attributes }: PlayedEvent): object => ({
  ...{ timeUnixNano: nanosOf(atMs), severityNumber: line?.severity ?? 9, eventName, ...span },
  ...(line && { severityText: SEVERITY_TEXT[line.severity], body: { stringValue: line.text } }),
  attributes: attributesOf(attributes),
});

/**
 * Groups records by the process that sent them, because in OTLP one resource describes all its
 * records.
 */
function byResource<T extends { service: string }>(
  records: readonly T[],
  timeOf: (record: T) => number,
  resourceOf: ResourceOf,
): { resource: object; of: T[] }[] {
  const groups = new Map<string, { resource: object; of: T[] }>();
  for (const record of records) {
    const attributes = resourceOf(record.service, timeOf(record));
    const key = JSON.stringify(attributes);
    const group = groups.get(key) ?? { resource: { attributes: attributesOf(attributes) }, of: [] };
    group.of.push(record);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Returns simulated records as OTLP requests in JSON. */
export function toOtlp({ spans, events }: Played, resourceOf: ResourceOf): OtlpRequests {
  return {
    traces: {
      resourceSpans: byResource(spans, ({ endMs }) => endMs, resourceOf).map(
        ({ resource, of }) => ({ resource, scopeSpans: [{ spans: of.map(spanOf) }] }),
      ),
    },
    logs: {
      resourceLogs: byResource(events, ({ atMs }) => atMs, resourceOf).map(({ resource, of }) => ({
        resource,
        scopeLogs: [{ logRecords: of.map(eventOf) }],
      })),
    },
  };
}

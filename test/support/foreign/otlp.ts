import { createHash } from 'node:crypto';
import { EVENT_STEP_STARTED } from '@fermata/instrumentation/semconv';

/** A span as the converters of foreign formats describe it, before it becomes OTLP. */
export interface ForeignSpan {
  /** Any text; what is no id of OTLP is hashed to one. */
  trace: string;
  id: string;
  parent?: string;
  /** Ids of spans of the same trace, or `trace/id` of another. */
  links?: string[];
  name: string;
  service: string;
  kind?: SpanKind;
  start: bigint;
  /** Null while the work is running: then nothing but its start is told. */
  end: bigint | null;
  /** Message of the error; the span has not failed if this is absent. */
  error?: string;
  attributes?: Record<string, string>;
}
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

const KINDS: Record<SpanKind, number> = {
  ...{ internal: 1, server: 2, client: 3, producer: 4, consumer: 5 },
};

const hash = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length);
export const traceIdOf = (recording: string, trace: string): string =>
  /^[0-9a-f]{32}$/.test(trace) ? trace : hash(`${recording}\0${trace}`, 32);
const spanIdOf = (recording: string, trace: string, id: string): string =>
  /^[0-9a-f]{16}$/.test(id) ? id : hash(`${recording}\0${trace}\0${id}`, 16);

const attributesOf = (from: Record<string, string>): object[] =>
  Object.entries(from).map(([key, stringValue]) => ({ key, value: { stringValue } }));

/**
 * Writes the spans of one recording as OTLP requests, those that have no end as log events. Each
 * service of each recording is a process of its own, so that the clock of one recording tells
 * nothing about that of another.
 */
export function toOtlp(
  recording: string,
  environment: string,
  spans: ForeignSpan[],
): { traces: object; logs: object | null } {
  const inService = (some: ForeignSpan[], toScope: (spans: ForeignSpan[]) => object): object[] =>
    [...new Set(some.map(({ service }) => service))].map((service) => ({
      resource: {
        attributes: attributesOf({
          'service.name': service,
          'service.instance.id': `${recording}/${service}`,
          'deployment.environment.name': environment,
        }),
      },
      ...toScope(some.filter((span) => span.service === service)),
    }));
  const started = spans.filter(({ end }) => end === null);
  const ended = spans.filter(({ end }) => end !== null);
  return {
    traces: {
      resourceSpans: inService(ended, (some) => ({
        scopeSpans: [{ spans: some.map((span) => spanOf(recording, span)) }],
      })),
    },
    logs:
      started.length === 0
        ? null
        : {
            resourceLogs: inService(started, (some) => ({
              scopeLogs: [{ logRecords: some.map((span) => startOf(recording, span)) }],
            })),
          },
  };
}

function spanOf(recording: string, span: ForeignSpan): object {
  const { trace, id, parent, links = [], name, kind = 'internal', error, attributes = {} } = span;
  return {
    traceId: traceIdOf(recording, trace),
    spanId: spanIdOf(recording, trace, id),
    ...(parent !== undefined && { parentSpanId: spanIdOf(recording, trace, parent) }),
    name,
    kind: KINDS[kind],
    startTimeUnixNano: String(span.start),
    endTimeUnixNano: String(span.end),
    attributes: attributesOf(attributes),
    links: links.map((link) => {
      const [to, of = trace] = link.split('/').reverse() as [string, string?];
      return { traceId: traceIdOf(recording, of), spanId: spanIdOf(recording, of, to) };
    }),
    ...(error !== undefined && { status: { code: 2, message: error } }),
  };
}

const startOf = (recording: string, span: ForeignSpan): object => ({
  timeUnixNano: String(span.start),
  eventName: EVENT_STEP_STARTED,
  traceId: traceIdOf(recording, span.trace),
  spanId: spanIdOf(recording, span.trace, span.id),
  attributes: attributesOf(span.attributes ?? {}),
});

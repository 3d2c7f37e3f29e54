import type { Count, Instant, UnixNano } from './units.ts';

/**
 * A span as it was received, without secrets. Numbers that JSON cannot hold and bytes are shown as
 * text. Fields that the sender did not set are absent.
 */
export interface RawSpan {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  name: string;
  kind: string;
  service: string;
  startUnixNano: UnixNano;
  endUnixNano: UnixNano;
  statusCode: Count;
  statusMessage: string;
  receivedAt: Instant;
  attributes: Record<string, unknown>;
  resource: Record<string, unknown>;
  resourceSchemaUrl?: string;
  resourceDroppedAttributesCount?: Count;
  /** The library that recorded the span (OpenTelemetry's instrumentation scope). */
  scope: {
    name: string;
    version?: string;
    attributes?: Record<string, unknown>;
    schemaUrl?: string;
    droppedAttributesCount?: Count;
  };
  /**
   * Flags of the span's context as OTLP encodes them: whether the trace was sampled, and whether
   * the parent is remote.
   */
  flags?: Count;
  traceState?: string;
  /**
   * Number of attributes that the sender, or a limit of Fermata, left out. The next two fields are
   * the same for events and links.
   */
  droppedAttributesCount?: Count;
  droppedEventsCount?: Count;
  droppedLinksCount?: Count;
  /**
   * Number of parts that limits of Fermata cut from the span: attributes, events, links, values and
   * texts. Absent if nothing was cut.
   */
  cut?: Count;
  events: {
    timeUnixNano: UnixNano;
    name: string;
    attributes: Record<string, unknown>;
    droppedAttributesCount?: Count;
  }[];
  links: {
    traceId: string;
    spanId: string;
    attributes: Record<string, unknown>;
    traceState?: string;
    flags?: Count;
    droppedAttributesCount?: Count;
  }[];
  /**
   * Spans that arrived with the same id but other content, which the flow does not show. Absent if
   * there are none.
   */
  sameId?: RawSpan[];
}

export interface SpanList {
  items: RawSpan[];
  total: Count;
  truncated: boolean;
  /** True if some spans of the flow cannot be read, either now or for ever. */
  incomplete: boolean;
}

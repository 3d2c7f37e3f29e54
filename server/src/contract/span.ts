import type { Count, Instant, UnixNano } from './units.ts';

/**
 * Shows a span as it was received, without secrets. Numbers that JSON cannot hold and bytes are
 * shown as text. What the sender did not say is absent.
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
  /** Names the library that made the span. */
  scope: {
    name: string;
    version?: string;
    attributes?: Record<string, unknown>;
    schemaUrl?: string;
    droppedAttributesCount?: Count;
  };
  /** Holds the flags of the span's context: if it was sampled, if its parent is remote. */
  flags?: Count;
  traceState?: string;
  /** Count what the sender or Fermata's own limits left out. */
  droppedAttributesCount?: Count;
  droppedEventsCount?: Count;
  droppedLinksCount?: Count;
  /**
   * Counts what Fermata's own limits cut from the span: attributes, events, links, values and
   * texts. Absent if the span is whole.
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
   * Lists spans that came with the same id and another content, which the flow does not show.
   * Absent if there are none.
   */
  sameId?: RawSpan[];
}

export interface SpanList {
  items: RawSpan[];
  total: Count;
  truncated: boolean;
  /** Is true if some spans of the flow cannot be read, either now or for ever. */
  incomplete: boolean;
}

import type { UnixNanos } from './time.ts';

/**
 * Holds one OTLP request after decoding, before any attribute name is interpreted. The two decoders
 * (protobuf, JSON) produce the same shape for the same telemetry; `otlp-decoders.property.test.ts`
 * guards that.
 */
export interface OtlpExport {
  spans: OtlpSpan[];
  logs: OtlpLog[];
  /** Counts records refused one by one (bad ids); the rest of the request is accepted. */
  rejected: number;
  /** Tells why the first record was refused, with its index. */
  rejectedReason: string;
  /** Counts attributes, links, events and characters that the limits cut off. */
  truncated: number;
  /**
   * Counts names longer than `LIMITS.name`, which are replaced by their beginning and a hash.
   * Normalize sets it.
   */
  namesCut?: number;
}

export type AttributeValue =
  string | number | bigint | boolean | null | Uint8Array | AttributeValue[] | KeyValues;

/**
 * Holds a nested kvlist. It is a class, so that it cannot be confused with an array of values; its
 * keys may be any text.
 */
export class KeyValues {
  readonly list: Attributes;
  constructor(list: Attributes) {
    this.list = list;
  }
}

/**
 * Flattens pairs to [key, value, key, value, …]: that costs no object per attribute, and has no
 * prototype to pollute.
 */
export type Attributes = (string | AttributeValue)[];

export interface OtlpResource {
  attributes: Attributes;
  /** Filled in by normalize, since one resource object serves all spans of its request. */
  memo?: unknown;
}

export interface OtlpSpan {
  resource: OtlpResource;
  scopeName: string;
  /** Holds 32 lower-case hex digits. */
  traceId: string;
  /** Holds 16 lower-case hex digits. */
  spanId: string;
  /** Holds 16 hex digits, or '' for a root. */
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  kind: number;
  start: UnixNanos;
  end: UnixNanos;
  attributes: Attributes;
  events: OtlpEvent[];
  links: OtlpLink[];
  /** Counts links that the sender or our own limits left out. Absent: none. */
  droppedLinks?: number;
  statusCode: number;
  statusMessage: string;
}

export interface OtlpEvent {
  time: UnixNanos;
  name: string;
  attributes: Attributes;
}

export interface OtlpLink {
  traceId: string;
  spanId: string;
  attributes: Attributes;
}

export interface OtlpLog {
  resource: OtlpResource;
  scopeName: string;
  /** Holds 32 hex digits, or '' without a trace. */
  traceId: string;
  spanId: string;
  time: UnixNanos;
  observed: UnixNanos;
  eventName: string;
  severity: number;
  body: AttributeValue;
  attributes: Attributes;
}

/**
 * Bounds one request and one record. Every cut is counted, in `rejected` or in `truncated`; none is
 * silent.
 */
export const LIMITS = {
  /**
   * Bounds the records of a request; the rest is refused. An empty span is 30 bytes on the wire and
   * a hundred times as much in memory, so a limit on bytes alone would let one request take
   * gigabytes.
   */
  records: 50_000,
  /**
   * Bounds the attributes, events, links and values of a request, for the same reason: it allows
   * 50,000 spans with forty each.
   */
  parts: 2_000_000,
  /**
   * Bounds the values in a JSON request, counted in its text: 50,000 spans with twelve attributes
   * have 3.2 million.
   */
  jsonValues: 4_000_000,
  /** Bounds the nesting of attribute values; deeper ones become TOO_DEEP. */
  depth: 32,
  attributes: 256,
  events: 128,
  links: 1024,
  /** Bounds the characters of one key or value. */
  text: 16_384,
  /** Bounds the characters of a name: of a service, step, destination, type, key or id. */
  name: 256,
} as const;

export const TOO_DEEP = '[nested too deep]';
export const emptyExport = (): OtlpExport => ({
  spans: [],
  logs: [],
  rejected: 0,
  rejectedReason: '',
  truncated: 0,
});

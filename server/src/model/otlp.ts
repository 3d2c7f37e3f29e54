import type { UnixNanos } from './time.ts';

/**
 * One OTLP request after decoding, before any attribute name is understood. The two decoders
 * (protobuf, JSON) produce the same shape for the same telemetry; `otlp-decoders.property.test.ts`
 * holds them to it.
 */
export interface OtlpExport {
  spans: OtlpSpan[];
  logs: OtlpLog[];
  /** Records refused one by one (bad ids); the rest of the request is taken. */
  rejected: number;
  /** Reason of the first refusal, with its index. */
  rejectedReason: string;
  /** Attributes, links, events or characters cut off by the limits. */
  truncated: number;
  /**
   * Names longer than names may be, which are known by their beginning and a hash. Filled in by
   * normalize.
   */
  namesCut?: number;
}

export type AttributeValue =
  string | number | bigint | boolean | null | Uint8Array | AttributeValue[] | KeyValues;

/**
 * A nested kvlist. A class, so that it cannot be confused with an array of values; keys may be
 * anything.
 */
export class KeyValues {
  readonly list: Attributes;
  constructor(list: Attributes) {
    this.list = list;
  }
}

/** Flat [key, value, key, value, …]: no object per attribute, no prototype to pollute. */
export type Attributes = (string | AttributeValue)[];

export interface OtlpResource {
  attributes: Attributes;
  /** Filled in by normalize; one resource object serves all spans of its request. */
  memo?: unknown;
}

export interface OtlpSpan {
  resource: OtlpResource;
  scopeName: string;
  /** 32 lower-case hex digits. */
  traceId: string;
  /** 16 lower-case hex digits. */
  spanId: string;
  /** 16 hex digits, or '' for a root. */
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
  /** Links that the sender, or our own limits, left out. Absent: none. */
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
  /** 32 hex digits, or '' without a trace. */
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
 * Limits of one request and of one record. What is cut is counted, in `rejected` and in
 * `truncated`, never silent.
 */
export const LIMITS = {
  /**
   * Records of a request: the rest is refused. An empty span is 30 bytes on the wire and a hundred
   * times as much in memory, so that the limit of bytes alone would let one request take gigabytes.
   */
  records: 50_000,
  /**
   * Attributes, events, links and values of a request, for the same reason: 50,000 spans with forty
   * each.
   */
  parts: 2_000_000,
  /**
   * Values in a JSON request, counted as they stand in the text: of 50,000 spans with twelve
   * attributes there are 3.2 million.
   */
  jsonValues: 4_000_000,
  /** Nesting of attribute values; deeper becomes TOO_DEEP. */
  depth: 32,
  attributes: 256,
  events: 128,
  links: 1024,
  /** Characters of one key or value. */
  text: 16_384,
  /** Characters of a name: of a service, step, destination, type, key or id. */
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

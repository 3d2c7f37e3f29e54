import { unixNanos, type UnixNanos } from './time.ts';

/**
 * A decoded OTLP request, in which no attribute has been interpreted yet. The decoders for protobuf
 * and JSON return equal results for the same telemetry (guarded by
 * `otlp-decoders.property.test.ts`).
 */
export interface OtlpExport {
  spans: OtlpSpan[];
  logs: OtlpLog[];
  /**
   * Number of records that were refused (for example because of invalid ids) although the request
   * was accepted.
   */
  rejected: number;
  /** Reason why the first refused record was refused, with its index. */
  rejectedReason: string;
  /** Number of attributes, links, events and texts that were cut or dropped because of `LIMITS`. */
  truncated: number;
  /**
   * Number of names longer than `LIMITS.name`, which were cut and got a hash appended. `normalize`
   * sets this count.
   */
  namesCut?: number;
  /**
   * Number of log records that were dropped because their traces had reached their limit. The
   * engine sets this count.
   */
  logsDropped?: number;
}

export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Uint8Array
  | AttributeValue[]
  | KeyValues
  | WholeDouble;

/**
 * A double with an integral value. As a plain number it would be taken for an integer, and the
 * sender's type would be lost.
 */
export class WholeDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/**
 * Returns a double as an attribute value. Fractions and -0 stay plain numbers, because they cannot
 * be confused with integers.
 */
export const doubleValue = (value: number): number | WholeDouble =>
  Number.isSafeInteger(value) && !Object.is(value, -0) ? new WholeDouble(value) : value;

/**
 * A nested map (OTLP's kvlist). It is a class, so that it can be distinguished from an array of
 * values. Its keys can be any text.
 */
export class KeyValues {
  readonly list: Attributes;
  constructor(list: Attributes) {
    this.list = list;
  }
}

/**
 * Attributes as a flat list: [key, value, key, value, …]. It needs less memory than an object for
 * each attribute. Unlike an object used as a map, it has no prototype that a hostile key could
 * change.
 */
export type Attributes = (string | AttributeValue)[];

export interface OtlpResource {
  attributes: Attributes;
  /** URL of the schema of the attributes; absent if the sender names none. */
  schemaUrl?: string;
  /** Number of attributes that the sender or Fermata's limits dropped; absent if none. */
  dropped?: number;
  /**
   * Cache for what `normalize` read from this resource. All spans of a request share the same
   * resource object.
   */
  memo?: unknown;
}

/**
 * Properties of an instrumentation scope except its name. All spans of a scope share the same
 * object.
 */
export interface OtlpScope {
  version: string;
  attributes: Attributes;
  schemaUrl: string;
  dropped: number;
  /** Cache for the text in which the store keeps the scope. */
  memo?: string;
}

export interface OtlpSpan {
  resource: OtlpResource;
  scopeName: string;
  /** Properties of the scope other than its name; absent if it has none. */
  scope?: OtlpScope;
  /** Trace id, 32 lower-case hex digits. */
  traceId: string;
  /** Span id, 16 lower-case hex digits. */
  spanId: string;
  /** Span id of the parent, 16 lower-case hex digits; '' for a root. */
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
  /** Number of the span's links that the sender or Fermata's limits dropped; absent if none. */
  droppedLinks?: number;
  /** Numbers of the span's attributes and events that were dropped; absent if none. */
  droppedAttributes?: number;
  droppedEvents?: number;
  /**
   * Number of attributes, events, links and texts of the span that Fermata's limits cut; absent if
   * none.
   */
  cut?: number;
  statusCode: number;
  statusMessage: string;
}

export interface OtlpEvent {
  time: UnixNanos;
  name: string;
  attributes: Attributes;
  /** Number of attributes that were dropped; absent if none. */
  dropped?: number;
}

export interface OtlpLink {
  traceId: string;
  spanId: string;
  attributes: Attributes;
  /** Trace state of the link; absent if it has none. Likewise `flags` and `dropped`. */
  traceState?: string;
  flags?: number;
  dropped?: number;
}

export interface OtlpLog {
  resource: OtlpResource;
  scopeName: string;
  /** Trace id, 32 hex digits; '' if the log record belongs to no trace. */
  traceId: string;
  spanId: string;
  time: UnixNanos;
  observed: UnixNanos;
  eventName: string;
  severity: number;
  /** Severity in the sender's own words; '' if not given. */
  severityText: string;
  body: AttributeValue;
  attributes: Attributes;
}

/**
 * Limits of one request and of one record. Everything that exceeds a limit is counted in `rejected`
 * or `truncated`.
 */
export const LIMITS = {
  /**
   * Maximum number of records in a request; further records are refused. A limit on bytes would not
   * suffice, because an empty span has 30 bytes on the wire and needs a hundred times as much
   * memory.
   */
  records: 50_000,
  /**
   * Maximum number of attributes, events, links and values in a request, because each of them needs
   * far more memory than bytes on the wire. The limit allows 40 of them for each of 50,000 spans.
   */
  parts: 2_000_000,
  /**
   * Maximum number of JSON values in the text of a request. 50,000 spans with twelve attributes
   * each have 3.2 million values.
   */
  jsonValues: 4_000_000,
  /** Maximum nesting of attribute values. Deeper values are replaced by `TOO_DEEP`. */
  depth: 32,
  attributes: 256,
  events: 128,
  links: 1024,
  /** Maximum length of an attribute key or value, characters. */
  text: 16_384,
  /**
   * Maximum length of the name of a service, step, destination or type, and of a key or id,
   * characters.
   */
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
export const emptyLog = (resource: OtlpResource, scopeName: string): OtlpLog => ({
  resource,
  scopeName,
  traceId: '',
  spanId: '',
  time: unixNanos(0n),
  observed: unixNanos(0n),
  eventName: '',
  severity: 0,
  severityText: '',
  body: null,
  attributes: [],
});

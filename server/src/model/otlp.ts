import { unixNanos, type UnixNanos } from './time.ts';

/**
 * Holds one decoded OTLP request, in which no attribute name has been interpreted yet. The decoders
 * for protobuf and for JSON return the same result for the same telemetry, which
 * `otlp-decoders.property.test.ts` guards.
 */
export interface OtlpExport {
  spans: OtlpSpan[];
  logs: OtlpLog[];
  /**
   * Counts records that were refused (for example for bad ids) while the rest of the request is
   * accepted.
   */
  rejected: number;
  /** Tells why the first refused record was refused, and the index of that record. */
  rejectedReason: string;
  /** Counts attributes, links, events and texts that were cut because of the limits. */
  truncated: number;
  /**
   * Counts names longer than `LIMITS.name`, of which only the beginning and a hash are kept.
   * Normalize sets this count.
   */
  namesCut?: number;
  /**
   * Counts log records that were not kept, because their traces have as many as are kept of one
   * trace. The engine sets this count.
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
 * Holds a double whose value is a whole number. As a number it would look like an integer, and the
 * type that the sender chose would be lost.
 */
export class WholeDouble {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
}

/** Returns a double as an attribute value. Fractions and -0 can be no integers. */
export const doubleValue = (value: number): number | WholeDouble =>
  Number.isSafeInteger(value) && !Object.is(value, -0) ? new WholeDouble(value) : value;

/**
 * Holds a nested map (kvlist) of attributes. It is a class, so that code can tell it from an array
 * of values. Its keys may be any text.
 */
export class KeyValues {
  readonly list: Attributes;
  constructor(list: Attributes) {
    this.list = list;
  }
}

/**
 * Lists names and values of attributes in turn: [key, value, key, value, …]. Such a list takes less
 * memory than an object per attribute. Unlike a map object, it has no prototype that a hostile key
 * could change.
 */
export type Attributes = (string | AttributeValue)[];

export interface OtlpResource {
  attributes: Attributes;
  /** Names the schema of the attributes; absent if the sender names none. */
  schemaUrl?: string;
  /** Counts attributes that the sender or our own limits left out; absent if none were. */
  dropped?: number;
  /**
   * Caches what normalize read from this resource, because one resource object serves all spans of
   * a request.
   */
  memo?: unknown;
}

/** Holds what a scope has beside its name. One object serves all spans of a scope. */
export interface OtlpScope {
  version: string;
  attributes: Attributes;
  schemaUrl: string;
  dropped: number;
  /** Caches the text that the store keeps of the scope. */
  memo?: string;
}

export interface OtlpSpan {
  resource: OtlpResource;
  scopeName: string;
  /** Absent if the scope has nothing but a name. */
  scope?: OtlpScope;
  /** Holds the trace id: 32 lower-case hex digits. */
  traceId: string;
  /** Holds the span id: 16 lower-case hex digits. */
  spanId: string;
  /** Holds the span id of the parent: 16 lower-case hex digits, or '' for a root. */
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
  /**
   * Counts the links of the span that the sender or our own limits left out; absent if none were.
   */
  droppedLinks?: number;
  /** Count attributes and events in the same way. */
  droppedAttributes?: number;
  droppedEvents?: number;
  /** Counts all that our own limits cut from the span: parts and texts; absent if nothing. */
  cut?: number;
  statusCode: number;
  statusMessage: string;
}

export interface OtlpEvent {
  time: UnixNanos;
  name: string;
  attributes: Attributes;
  /** Counts attributes that were left out; absent if none were. */
  dropped?: number;
}

export interface OtlpLink {
  traceId: string;
  spanId: string;
  attributes: Attributes;
  /** Absent if the link has none, like `flags` and `dropped`. */
  traceState?: string;
  flags?: number;
  dropped?: number;
}

export interface OtlpLog {
  resource: OtlpResource;
  scopeName: string;
  /** Holds the trace id: 32 hex digits, or '' if the log record belongs to no trace. */
  traceId: string;
  spanId: string;
  time: UnixNanos;
  observed: UnixNanos;
  eventName: string;
  severity: number;
  /** Holds the severity in the sender's own words, or ''. */
  severityText: string;
  body: AttributeValue;
  attributes: Attributes;
}

/**
 * Limits of one request and of one record. Whatever exceeds a limit is counted, in `rejected` or in
 * `truncated`.
 */
export const LIMITS = {
  /**
   * Bounds the records of a request; further records are refused. A limit on bytes alone would not
   * suffice: an empty span takes 30 bytes on the wire and a hundred times as much in memory, so one
   * request could take gigabytes.
   */
  records: 50_000,
  /**
   * Bounds the attributes, events, links and values of a request, because even small ones take far
   * more memory than bytes on the wire. 50,000 spans may have forty of them each.
   */
  parts: 2_000_000,
  /**
   * Bounds the JSON values in the text of a request. 50,000 spans with twelve attributes each have
   * 3.2 million values.
   */
  jsonValues: 4_000_000,
  /** Bounds the nesting of attribute values; a value that is nested deeper becomes TOO_DEEP. */
  depth: 32,
  attributes: 256,
  events: 128,
  links: 1024,
  /** Bounds the characters of one attribute key or value. */
  text: 16_384,
  /**
   * Bounds the characters of the name of a service, step, destination or type, and of a key or id.
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

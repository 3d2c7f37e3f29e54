import { createHash } from 'node:crypto';
import { ATTR_FLOW_OUTCOME, EVENT_STEP_STARTED } from '@fermata/instrumentation/semconv';
import { boundText } from '../model/cut-text.ts';
import {
  emptyExport,
  emptyLog,
  LIMITS,
  type Attributes,
  type AttributeValue,
  type OtlpExport,
  type OtlpResource,
  type OtlpSpan,
} from '../model/otlp.ts';
import { unixNanos } from '../model/time.ts';

/** A span that the reader of a foreign format produces, before it becomes an OTLP span. */
export interface ForeignSpan {
  /** Id of the trace, which may be any text. A text that is no OTLP id is hashed to one. */
  trace: string;
  id: string;
  parent?: string | undefined;
  links?: readonly ForeignLink[] | undefined;
  name: string;
  service: string;
  /** Attributes of the host and the process, as far as the file has them. */
  resource?: Readonly<Record<string, AttributeValue>>;
  kind?: SpanKind | undefined;
  start: bigint;
  /** End of the span; null if it was still running, so that only its start is known. */
  end: bigint | null;
  /** Message of the error; absent if the span has not failed. */
  error?: string | undefined;
  attributes?: Readonly<Record<string, AttributeValue>>;
  events?: readonly { at: bigint; name: string; attributes: Readonly<Record<string, string>> }[];
}
export interface ForeignLink {
  /** Id of the linked span's trace; absent if it is the trace of this span. */
  trace?: string | undefined;
  id: string;
}
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

const KINDS: ReadonlyMap<string, number> = new Map([
  ...([
    ['internal', 1],
    ['server', 2],
    ['client', 3],
    ['producer', 4],
    ['consumer', 5],
  ] as const),
]);
export const kindOf = (text: unknown): SpanKind | undefined => {
  const lower = typeof text === 'string' ? text.toLowerCase() : '';
  return KINDS.has(lower) ? (lower as SpanKind) : undefined;
};

const hash = (text: string, length: number): string =>
  createHash('sha256').update(text).digest('hex').slice(0, length);
const ZERO = /^0+$/;
/**
 * Returns the trace id as OTLP has it. An id of 64 bits is padded; a text that is no id is hashed.
 */
export function traceIdOf(trace: string): string {
  const lower = trace.toLowerCase();
  const isId = /^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(lower) && !ZERO.test(lower);
  return isId ? lower.padStart(32, '0') : hash(trace, 32);
}
export function spanIdOf(trace: string, id: string): string {
  const lower = id.toLowerCase();
  return /^[0-9a-f]{16}$/.test(lower) && !ZERO.test(lower) ? lower : hash(`${trace}\0${id}`, 16);
}

/** Converts attributes to OTLP's form, within the limits of a request. */
export function attributesOf(from: Readonly<Record<string, AttributeValue>>): Attributes {
  const flat: Attributes = [];
  for (const [key, value] of Object.entries(from)) {
    if (flat.length >= 2 * LIMITS.attributes) break;
    flat.push(tidy(key), valueOf(value));
  }
  return flat;
}
/** Converts a value of any JSON type to one that an OTLP attribute can have. */
function valueOf(value: unknown): AttributeValue {
  if (typeof value === 'string') return tidy(value);
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value) && value.every((one) => typeof one === 'string'))
    return value.map((one) => tidy(one));
  return tidy(JSON.stringify(value) ?? '');
}
/**
 * Cuts a text to the length that received texts may have, and replaces characters that UTF-8 cannot
 * hold.
 */
export const tidy = (text: string): string => boundText(text).toWellFormed();

const MAX_TIME = 0x7fffffffffffffffn;
const instant = (at: bigint): OtlpSpan['start'] =>
  unixNanos(at < 0n ? 0n : at > MAX_TIME ? MAX_TIME : at);

const NOTHING = {};

/**
 * Makes a request of the spans. A span that is still running becomes a log event that announces its
 * start.
 */
export function requestOf(spans: readonly ForeignSpan[]): OtlpExport {
  const { add, request } = createForeignRequest();
  for (const span of spans) add(span);
  return request;
}

/** Returns the resource of a span, which is one object for all spans that describe it equally. */
export type ResourceOf = (span: ForeignSpan) => OtlpResource;

export function createResources(): ResourceOf {
  const resources = new Map<string, OtlpResource>();
  /**
   * Converted resources, by the object that describes them, which readers share between many spans.
   */
  const shared = new Map<object, { service: string; known: OtlpResource }>();
  return ({ service, resource = NOTHING }) => {
    const last = shared.get(resource);
    if (last?.service === service) return last.known;
    const key = JSON.stringify([service, resource]);
    let known = resources.get(key);
    if (known === undefined) {
      known = { attributes: attributesOf({ 'service.name': service, ...resource }) };
      resources.set(key, known);
    }
    shared.set(resource, { service, known });
    return known;
  };
}

/** Begins a request to which spans are added. One that cannot be read throws, and adds nothing. */
export function createForeignRequest(resourceOf = createResources()): {
  request: OtlpExport;
  add: (span: ForeignSpan) => void;
} {
  const request = emptyExport();
  const add = (span: ForeignSpan): void => {
    if (span.end === null) request.logs.push(startOf(span, resourceOf(span)));
    else request.spans.push(spanOf(span, span.end, resourceOf(span)));
  };
  return { request, add };
}

function spanOf(span: ForeignSpan, end: bigint, resource: OtlpResource): OtlpSpan {
  const { trace, parent, links = [], events = [], error } = span;
  return {
    ...{ resource, scopeName: '', traceState: '', flags: 0 },
    traceId: traceIdOf(trace),
    spanId: spanIdOf(trace, span.id),
    parentSpanId: parent === undefined ? '' : spanIdOf(trace, parent),
    name: tidy(span.name),
    kind: KINDS.get(span.kind ?? 'internal')!,
    start: instant(span.start),
    end: instant(end),
    attributes: attributesOf(span.attributes ?? {}),
    events: events.slice(0, LIMITS.events).map(({ at, name, attributes }) => ({
      ...{ time: instant(at), name: tidy(name), attributes: attributesOf(attributes) },
    })),
    links: links.slice(0, LIMITS.links).map(({ trace: other = trace, id }) => ({
      ...{ traceId: traceIdOf(other), spanId: spanIdOf(other, id), attributes: [] },
    })),
    statusCode: error === undefined ? 0 : 2,
    statusMessage: tidy(error ?? ''),
  };
}

function startOf(span: ForeignSpan, resource: OtlpResource): OtlpExport['logs'][number] {
  const { [ATTR_FLOW_OUTCOME]: _outcome, ...attributes } = span.attributes ?? {};
  return {
    ...emptyLog(resource, ''),
    traceId: traceIdOf(span.trace),
    spanId: spanIdOf(span.trace, span.id),
    time: instant(span.start),
    eventName: EVENT_STEP_STARTED,
    attributes: attributesOf(attributes),
  };
}

import {
  defaultTextMapGetter,
  diag,
  propagation,
  ROOT_CONTEXT,
  trace,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';
import { contextWithFlow, flowOf } from './flow-context.ts';
import { LinkedContext } from './linked-context.ts';
import {
  CE_CAUSATION_ID,
  CE_CORRELATION_ID,
  CE_FLOW_ID,
  CE_FLOW_TYPE,
  HEADER_CAUSATION_ID,
  HEADER_CORRELATION_ID,
  HEADER_FLOW_ID,
  HEADER_FLOW_TYPE,
  HEADER_FLOW_VERSION,
  HEADER_ITINERARY,
  HEADER_MESSAGE_ID,
  HEADER_MESSAGE_KIND,
  HEADER_MESSAGE_TYPE,
  MESSAGE_KINDS,
} from '../semconv.ts';
import type { Flow, MessageKind } from '../types.ts';

type Carrier = Record<string, unknown>;

/** Returns whether a header or attribute with this name carries trace or flow context. */
export const isPropagationHeader = (name: string): boolean =>
  /^(traceparent|tracestate|baggage|fermata-[a-z-]+)$/.test(name);

/** The data that travels in a message's headers besides the trace context. */
export interface MessageEnvelope {
  id?: string | undefined;
  kind?: MessageKind | undefined;
  type?: string | undefined;
  causationId?: string | undefined;
  correlationId?: string | undefined;
  /** Routing slip: names of the steps still to come, the receiver's first, without commas. */
  itinerary?: readonly string[] | undefined;
}

export interface Extracted extends MessageEnvelope {
  /** Root context plus the sender's trace context, baggage and flow. */
  context: Context;
  /** The span that sent the message. The receiver's span links to it. */
  creation: SpanContext | undefined;
  /** The flow that the message's headers name. */
  flow: Flow | undefined;
}

/**
 * Writes trace context, baggage, flow and message identity into the given headers, and returns
 * these. Besides the W3C names it writes `fermata-*` names, because several clients drop baggage.
 * If the carrier is a CloudEvent (it has `ce-id` or `specversion`), it also writes CloudEvents
 * extensions. Never throws.
 */
export function injectHeaders(
  carrier: Carrier,
  ctx: Context,
  message: MessageEnvelope = {},
): Carrier {
  try {
    propagation.inject(ctx, carrier);
    const flow = flowOf(ctx);
    const ce = spellingToWrite(carrier);
    set(carrier, HEADER_FLOW_ID, flow?.id);
    set(carrier, HEADER_FLOW_TYPE, flow?.type);
    set(carrier, HEADER_FLOW_VERSION, flow?.version);
    set(carrier, HEADER_MESSAGE_ID, message.id);
    set(carrier, HEADER_MESSAGE_KIND, message.kind);
    set(carrier, HEADER_MESSAGE_TYPE, message.type);
    set(carrier, HEADER_CAUSATION_ID, message.causationId);
    set(carrier, HEADER_CORRELATION_ID, message.correlationId);
    set(carrier, HEADER_ITINERARY, message.itinerary?.join(','));
    if (ce === null) return carrier;
    set(carrier, ce + CE_FLOW_ID, flow?.id);
    set(carrier, ce + CE_FLOW_TYPE, flow?.type);
    set(carrier, ce + CE_CAUSATION_ID, message.causationId);
    set(carrier, ce + CE_CORRELATION_ID, message.correlationId);
  } catch (error) {
    diag.warn('fermata: context could not be written to headers', error);
  }
  return carrier;
}

function set(carrier: Carrier, header: string, value: string | undefined): void {
  if (value !== undefined && value !== '') carrier[header] = value;
}

/** Returns the prefix of CloudEvents extensions in this carrier; null if it is not a CloudEvent. */
function spellingToWrite(carrier: Carrier): string | null {
  if ('specversion' in carrier) return '';
  if ('ce_id' in carrier) return 'ce_';
  return 'ce-id' in carrier ? 'ce-' : null;
}

/**
 * Reads the context that `injectHeaders` wrote. Values may be strings, Buffers or lists of these.
 * Never throws.
 */
export function extractHeaders(headers: Carrier | undefined): Extracted {
  try {
    const texts = textsIn(headers);
    const ctx = propagation.extract(NOTHING, texts, defaultTextMapGetter);
    const ce = spelling(texts);
    const flow = flowIn(texts, ce, ctx);
    // `envelopeOf` fills this object, because merging two objects by spreading would cost more than
    // the rest of this function.
    return envelopeOf(texts, ce, {
      context: flow === undefined ? ctx : contextWithFlow(ctx, flow),
      creation: trace.getSpanContext(ctx),
      flow,
    });
  } catch (error) {
    diag.warn('fermata: headers could not be read', error);
    return { context: ROOT_CONTEXT, creation: undefined, flow: undefined };
  }
}

/**
 * Returns the flow that the headers name, completed from the sender's baggage. Returns undefined if
 * neither contains a flow id.
 */
function flowIn(texts: Texts, ce: string | null, ctx: Context): Flow | undefined {
  let id = texts[HEADER_FLOW_ID] ?? extension(texts, ce, CE_FLOW_ID);
  let type = texts[HEADER_FLOW_TYPE] ?? extension(texts, ce, CE_FLOW_TYPE);
  let version = texts[HEADER_FLOW_VERSION];
  if (id === undefined || type === undefined) {
    const ambient = flowOf(ctx);
    id ??= ambient?.id;
    type ??= ambient?.type;
    version ??= ambient?.version;
  }
  if (id === undefined || id === '') return undefined;
  const flow: Flow = { id };
  if (type !== undefined) flow.type = type;
  if (version !== undefined) flow.version = version;
  return flow;
}

/**
 * Returns what the headers say about the message itself: id, kind, type, causation id, routing
 * slip. It does not read the trace context. Never throws.
 */
export function envelopeIn(headers: Carrier): MessageEnvelope {
  try {
    const texts = textsIn(headers);
    return envelopeOf(texts, spelling(texts), {});
  } catch (error) {
    diag.warn('fermata: headers could not be read', error);
    return {};
  }
}

type Texts = Record<string, string | undefined>;

/** The usual headers. Their names need not be compared with their lower case at each message. */
const WRITTEN: ReadonlySet<string> = new Set([
  'traceparent',
  'tracestate',
  'baggage',
  HEADER_FLOW_ID,
  HEADER_FLOW_TYPE,
  HEADER_MESSAGE_ID,
  HEADER_MESSAGE_KIND,
  HEADER_MESSAGE_TYPE,
  HEADER_CAUSATION_ID,
  HEADER_CORRELATION_ID,
]);

/**
 * Returns the headers as texts by lower-case name. If they have this form already, as usual, they
 * are returned as they are, because a copy would be most of the cost of reading them.
 */
function textsIn(headers: Carrier | undefined): Texts {
  if (headers === undefined) return {};
  for (const name in headers) {
    const value = headers[name];
    if (
      typeof value !== 'string' ||
      value.length > MAX_HEADER_LENGTH ||
      (!WRITTEN.has(name) && name !== name.toLowerCase()) ||
      !Object.hasOwn(headers, name)
    )
      return copyOf(headers);
  }
  return headers as Texts;
}

function copyOf(headers: Carrier): Texts {
  const texts: Texts = {};
  for (const name in headers) {
    if (!Object.hasOwn(headers, name)) continue;
    const value = headers[name];
    const text =
      typeof value === 'string' && value.length <= MAX_HEADER_LENGTH ? value : textOf(value);
    if (text !== undefined) texts[name.toLowerCase()] = text;
  }
  return texts;
}

/**
 * Returns the prefix of CloudEvents attributes in a message's headers; null if the message is not a
 * CloudEvent. A header named `id` belongs to the application in that case.
 */
function spelling(texts: Texts): string | null {
  if (texts['ce-id'] !== undefined) return 'ce-';
  if (texts['ce_id'] !== undefined) return 'ce_';
  return texts['specversion'] !== undefined ? '' : null;
}

function envelopeOf<T extends object>(
  texts: Texts,
  ce: string | null,
  into: T & MessageEnvelope,
): T & MessageEnvelope {
  const kind = texts[HEADER_MESSAGE_KIND];
  const itinerary = texts[HEADER_ITINERARY];
  into.id = texts[HEADER_MESSAGE_ID] ?? extension(texts, ce, 'id');
  into.kind = kind !== undefined && KINDS.has(kind) ? (kind as MessageKind) : undefined;
  into.type = texts[HEADER_MESSAGE_TYPE] ?? extension(texts, ce, 'type');
  into.causationId = texts[HEADER_CAUSATION_ID] ?? extension(texts, ce, CE_CAUSATION_ID);
  into.correlationId = texts[HEADER_CORRELATION_ID] ?? extension(texts, ce, CE_CORRELATION_ID);
  into.itinerary = itinerary === undefined ? undefined : itinerary.split(',');
  return into;
}

const extension = (texts: Texts, ce: string | null, name: string): string | undefined =>
  ce === null ? undefined : texts[ce + name];
const KINDS: ReadonlySet<string> = new Set(MESSAGE_KINDS);

const NOTHING = LinkedContext.over(ROOT_CONTEXT);
const MAX_HEADER_LENGTH = 8192;
const UTF_8 = new TextDecoder('utf-8', { ignoreBOM: true });

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.slice(0, MAX_HEADER_LENGTH);
  if (value instanceof Uint8Array) return UTF_8.decode(value.subarray(0, MAX_HEADER_LENGTH));
  if (Array.isArray(value)) return textOf(value[0]);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

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
import type { Carrier } from './internal.ts';
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
} from './semconv.ts';
import type { Flow, MessageKind } from './types.ts';

/** What travels with a message besides the trace context. */
export interface MessageEnvelope {
  id?: string;
  kind?: MessageKind;
  type?: string;
  causationId?: string;
  correlationId?: string;
  /** Steps still to come, the receiver's first; names without commas. */
  itinerary?: readonly string[];
}

export interface Extracted extends MessageEnvelope {
  /** Trace context and baggage of the sender, and its flow, on top of the root context. */
  context: Context;
  /** The sender's span, to link to. */
  creation: SpanContext | undefined;
  /** The flow that the message's own headers name: strong evidence. */
  flow: Flow | undefined;
}

/**
 * Writes trace context, baggage, flow and message identity into headers, in place. W3C names plus explicit `fermata-*`
 * ones, because several clients drop baggage; CloudEvents extensions where the carrier is a CloudEvent (`ce-id` or
 * `specversion` present). Never throws.
 */
export function injectHeaders(carrier: Carrier, ctx: Context, message: MessageEnvelope = {}): Carrier {
  try {
    propagation.inject(ctx, carrier);
    const flow = flowOf(ctx);
    const ce =
      'specversion' in carrier
        ? ''
        : 'ce-id' in carrier || 'ce_id' in carrier
          ? 'ce_id' in carrier
            ? 'ce_'
            : 'ce-'
          : null;
    const set = (header: string, value: string | undefined, extension?: string): void => {
      if (value === undefined || value === '') return;
      carrier[header] = value;
      if (extension !== undefined && ce !== null) carrier[ce + extension] = value;
    };
    set(HEADER_FLOW_ID, flow?.id, CE_FLOW_ID);
    set(HEADER_FLOW_TYPE, flow?.type, CE_FLOW_TYPE);
    set(HEADER_FLOW_VERSION, flow?.version);
    set(HEADER_MESSAGE_ID, message.id);
    set(HEADER_MESSAGE_KIND, message.kind);
    set(HEADER_MESSAGE_TYPE, message.type);
    set(HEADER_CAUSATION_ID, message.causationId, CE_CAUSATION_ID);
    set(HEADER_CORRELATION_ID, message.correlationId, CE_CORRELATION_ID);
    set(HEADER_ITINERARY, message.itinerary?.join(','));
  } catch (error) {
    diag.warn('fermata: context could not be written to headers', error);
  }
  return carrier;
}

/** Reads what `injectHeaders` wrote; values may be strings, Buffers or lists of them. Never throws. */
export function extractHeaders(headers: Carrier | undefined): Extracted {
  const texts: Record<string, string> = {};
  try {
    for (const [name, value] of Object.entries(headers ?? {})) {
      const text = textOf(value);
      if (text !== undefined) texts[name.toLowerCase()] = text;
    }
    const read = (header: string, extension?: string): string | undefined =>
      texts[header] ??
      (extension === undefined
        ? undefined
        : (texts[`ce-${extension}`] ?? texts[`ce_${extension}`] ?? texts[extension]));
    let ctx = propagation.extract(ROOT_CONTEXT, texts, defaultTextMapGetter);
    const creation = trace.getSpanContext(ctx);
    const flowId = read(HEADER_FLOW_ID, CE_FLOW_ID) ?? flowOf(ctx)?.id;
    const type = read(HEADER_FLOW_TYPE, CE_FLOW_TYPE) ?? flowOf(ctx)?.type;
    const version = read(HEADER_FLOW_VERSION) ?? flowOf(ctx)?.version;
    const flow: Flow | undefined =
      flowId === undefined || flowId === ''
        ? undefined
        : { id: flowId, ...(type !== undefined && { type }), ...(version !== undefined && { version }) };
    if (flow !== undefined) ctx = contextWithFlow(ctx, flow);
    const kind = read(HEADER_MESSAGE_KIND);
    const id = read(HEADER_MESSAGE_ID, 'id');
    const messageType = read(HEADER_MESSAGE_TYPE, 'type');
    const causationId = read(HEADER_CAUSATION_ID, CE_CAUSATION_ID);
    const correlationId = read(HEADER_CORRELATION_ID, CE_CORRELATION_ID);
    const itinerary = read(HEADER_ITINERARY);
    return {
      context: ctx,
      creation,
      flow,
      ...(id !== undefined && { id }),
      ...(MESSAGE_KINDS.includes(kind as MessageKind) && { kind: kind as MessageKind }),
      ...(messageType !== undefined && { type: messageType }),
      ...(causationId !== undefined && { causationId }),
      ...(correlationId !== undefined && { correlationId }),
      ...(itinerary !== undefined && { itinerary: itinerary.split(',') }),
    };
  } catch (error) {
    diag.warn('fermata: headers could not be read', error);
    return { context: ROOT_CONTEXT, creation: undefined, flow: undefined };
  }
}

const LONGEST = 8192;

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value.slice(0, LONGEST);
  if (value instanceof Uint8Array) return Buffer.from(value.subarray(0, LONGEST)).toString('utf8');
  if (Array.isArray(value)) return textOf(value[0]);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return undefined;
}

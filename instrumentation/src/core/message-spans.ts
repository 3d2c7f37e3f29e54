import {
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
} from '@opentelemetry/api';
import * as names from '../semconv.ts';
import type { IncomingMessage, MessageKind, OutgoingMessage } from '../types.ts';
import { preciseNow, spanTime } from './clock.ts';
import { noteFailure } from './end-span.ts';
import {
  addFlowAttributes,
  contextWithFlow,
  contextWithMessage,
  flowOf,
  messageIdOf,
} from './flow-context.ts';
import {
  envelopeIn,
  extractHeaders,
  injectHeaders,
  type Extracted,
  type MessageEnvelope,
} from './headers.ts';
import {
  declaredStep,
  isSuppressed,
  offerDelivery,
  takeDeclaration,
  type Declaration,
} from './frameworks.ts';
import { handledLately, rememberHandled, type Handled } from './handled.ts';
import { enterDelivery, recordingDelivery } from './in-flight.ts';
import { LinkedContext } from './linked-context.ts';
import { tracer } from './tracer.ts';

export interface Sending {
  span: Span;
  ctx: Context;
  /** Headers to send: the application's own headers plus the context. */
  headers: Record<string, unknown>;
}

/**
 * Starts the PRODUCER span of one message. The caller ends the span, because some clients send
 * several messages together or report the result later.
 */
export function startSending(usualKind: MessageKind, message: OutgoingMessage): Sending {
  const active = message.flow ? contextWithFlow(context.active(), message.flow) : context.active();
  const { declared, given, parent, givenId } = declaredEnvelope(message, active);
  const flow = flowOf(parent);
  const framework = takeDeclaration(active);
  if (framework?.sending !== undefined) return carry(framework.sending, message, active);
  const kind = declared.kind ?? framework?.kind ?? usualKind;
  const itinerary = message.itinerary ?? declared.itinerary;
  const type = declared.type ?? framework?.type ?? message.type;
  const id = givenId ?? declared.id ?? newId();
  // A message that is sent again under its own id must not name itself as its cause. It keeps the
  // causation id in its headers.
  const handledId = messageIdOf(parent);
  const causationId = handledId === id ? undefined : handledId;
  const attributes = messageAttributes(message, 'send', id, kind, type);
  if (flow) addFlowAttributes(attributes, flow, message.flow ? 'explicit' : 'ambient');
  if (causationId !== undefined) attributes[names.ATTR_CAUSATION_ID] = causationId;
  if (itinerary) attributes[names.ATTR_ITINERARY] = itinerary.join(',');
  if (message.attributes) Object.assign(attributes, message.attributes);
  const span = tracer().startSpan(
    `send ${framework?.type ?? message.destination}`,
    { kind: SpanKind.PRODUCER, startTime: spanTime(message.startTime), attributes },
    parent,
  );
  const ctx = trace.setSpan(LinkedContext.over(parent), span);
  if (isSuppressed(active)) return { span, ctx: active, headers: { ...message.headers } };
  // Without an SDK and without a flow there is no context to send, so the headers stay unchanged.
  if (flow === undefined && !isSpanContextValid(span.spanContext()))
    return { span, ctx, headers: { ...message.headers } };
  const headers = injectHeaders(given, ctx, {
    id,
    kind,
    type,
    causationId,
    correlationId: flow?.id,
    itinerary,
  });
  return { span, ctx, headers };
}

/**
 * Returns a sending that carries the headers of a span that a framework's adapter has made. The
 * wrapped span makes `end` a no-op here, because the framework's adapter ends the real span.
 */
const carry = (
  { span, headers }: NonNullable<Declaration['sending']>,
  message: OutgoingMessage,
  ctx: Context,
): Sending => ({
  span: trace.wrapSpanContext(span.spanContext()),
  ctx,
  headers: { ...message.headers, ...headers },
});

/** Returns a random message id. In browsers, `randomUUID` exists only on pages loaded by HTTPS. */
const newId = (): string =>
  (crypto as { randomUUID?: () => string }).randomUUID?.() ?? `${random()}${random()}`;
const random = (): string => Math.random().toString(36).slice(2);

const NOTHING_DECLARED: MessageEnvelope = {};

interface Declared {
  declared: MessageEnvelope;
  /** Headers to which the context is added. */
  given: Record<string, unknown>;
  /** Context that the span of the new message gets as its parent. */
  parent: Context;
  /** Message id that the caller set for this message. */
  givenId: string | undefined;
}

/**
 * Returns what the application declared about a new message in its headers. A declaration takes
 * precedence over what an adapter guesses. But if the application copied the headers of a message
 * that is being, or was recently, handled, they say nothing about the new message: their id and
 * type are those of the handled message.
 *
 * Exception: if the handled message failed and is sent again, or goes back to the queue from which
 * it came, it is still the same message, and its handling is marked as failed.
 */
function declaredEnvelope(message: OutgoingMessage, active: Context): Declared {
  const { headers, id: givenId } = message;
  const given = { ...headers };
  if (headers === undefined) return { declared: NOTHING_DECLARED, given, parent: active, givenId };
  const declared = envelopeIn(headers);
  const handledId = messageIdOf(active);
  const handled = handledLately(declared.id);
  const isPassedOn = handledId === undefined ? handled !== undefined : handledId === declared.id;
  if (!isPassedOn) return { declared, given, parent: active, givenId };
  // Only the routing slip is removed from the copied headers. The other fields of the envelope will
  // be overwritten.
  delete given[names.HEADER_ITINERARY];
  const parent = handledId === undefined ? contextOf(handled!, headers, declared.id) : active;
  const own = givenId === handled?.givenId ? undefined : givenId;
  const isAgain = message.failure !== undefined || handled?.destination === message.destination;
  if (!isAgain) return { declared: NOTHING_DECLARED, given, parent, givenId: own };
  const delivery = handled && recordingDelivery(handled.spanContext);
  if (delivery) noteFailure(delivery, message.failure ?? `sent to ${message.destination} again`);
  return { declared: { ...declared, itinerary: undefined }, given, parent, givenId: own };
}

/** Returns the context of a handling that is over, of whose message these are the headers. */
const contextOf = (
  { spanContext }: Handled,
  headers: Record<string, unknown>,
  id: string | undefined,
): Context =>
  trace.setSpanContext(contextWithMessage(extractHeaders(headers).context, id), spanContext);

export interface Processing {
  span: Span;
  ctx: Context;
  extracted: Extracted;
}

/**
 * Starts the CONSUMER span of one message. The caller ends the span, because for many clients the
 * handling ends with the acknowledgement.
 */
export function startProcessing(message: IncomingMessage, active = context.active()): Processing {
  if (isSuppressed(active)) return untraced();
  const extracted = extractHeaders(message.headers);
  const type = extracted.type ?? message.type ?? '';
  const id = extracted.id ?? message.id;
  const { flow } = extracted;
  const links: Link[] = extracted.creation ? [{ context: extracted.creation }] : [];
  const attributes = messageAttributes(message, 'process', id, extracted.kind ?? 'event', type);
  if (flow) addFlowAttributes(attributes, flow, 'message');
  const step = message.step ?? declaredStep(message.destination, message.group);
  set(attributes, names.ATTR_STEP_NAME, step);
  set(attributes, names.ATTR_STEP_ATTEMPT, message.attempt);
  set(attributes, names.ATTR_MESSAGE_DEAD_LETTERED_FROM, message.deadLetteredFrom);
  set(attributes, names.ATTR_CAUSATION_ID, extracted.causationId);
  // The first step on the routing slip is the one that begins here, so it is removed.
  set(attributes, names.ATTR_ITINERARY, extracted.itinerary?.slice(1).join(','));
  set(attributes, 'messaging.consumer.group.name', message.group);
  set(attributes, 'messaging.batch.message_count', message.batchSize);
  set(attributes, names.ATTR_MESSAGE_LAG, message.lag);
  if (message.attributes) Object.assign(attributes, message.attributes);
  // The span starts a trace of its own. Its context still passes on the sender's baggage and flow.
  const parent = contextWithMessage(trace.deleteSpan(extracted.context), id);
  // The span of a reply is named by the message type, because most clients have a reply queue of
  // their own with a generated name.
  const what = extracted.kind === 'reply' && type !== '' ? type : message.destination;
  const began = preciseNow();
  const span = tracer().startSpan(
    `process ${what}`,
    { kind: SpanKind.CONSUMER, root: true, links, attributes, startTime: spanTime(began) },
    parent,
  );
  const ctx = trace.setSpan(parent, span);
  offerDelivery(span, extracted);
  if (id !== undefined && span.isRecording())
    rememberHandled(id, span.spanContext(), message.destination, message.id);
  enterDelivery(span, ctx, attributes, extracted.creation, undefined, began);
  return { span, ctx, extracted };
}

function set(attributes: Attributes, name: string, value: string | number | undefined): void {
  if (value !== undefined && value !== '') attributes[name] = value;
}

/**
 * Returns the result of `startProcessing` if tracing is suppressed: a span that records nothing,
 * and the active context.
 */
const untraced = (): Processing => ({
  span: trace.wrapSpanContext(INVALID_SPAN_CONTEXT),
  ctx: context.active(),
  extracted: { context: ROOT_CONTEXT, creation: undefined, flow: undefined },
});

function messageAttributes(
  message: { system: string; destination: string },
  operation: 'send' | 'process',
  id: string | undefined,
  kind: MessageKind,
  type: string,
): Attributes {
  const attributes: Attributes = {
    'messaging.system': message.system,
    'messaging.destination.name': message.destination,
    'messaging.operation.type': operation,
    'messaging.operation.name': operation,
    [names.ATTR_MESSAGE_KIND]: kind,
  };
  if (type !== '') attributes[names.ATTR_MESSAGE_TYPE] = type;
  if (id !== undefined) attributes['messaging.message.id'] = id;
  return attributes;
}

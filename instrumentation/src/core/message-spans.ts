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
import { preciseNow } from './clock.ts';
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
import { handledLately, rememberHandled } from './handled.ts';
import { enterDelivery } from './in-flight.ts';
import { tracer } from './tracer.ts';

export interface Sending {
  span: Span;
  ctx: Context;
  /** Headers for the message: those that the application gave, plus the context. */
  headers: Record<string, unknown>;
}

/**
 * Starts the PRODUCER span of one message. Adapters whose clients send several messages together,
 * or report the result later, end the span themselves.
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
  // A message that is sent again keeps what caused it, which its headers name.
  const handledId = messageIdOf(parent);
  const causationId = handledId === id ? undefined : handledId;
  const attributes = messageAttributes(message, 'send', id, kind, type);
  if (flow) addFlowAttributes(attributes, flow, message.flow ? 'explicit' : 'ambient');
  if (causationId !== undefined) attributes[names.ATTR_CAUSATION_ID] = causationId;
  if (itinerary) attributes[names.ATTR_ITINERARY] = itinerary.join(',');
  if (message.attributes) Object.assign(attributes, message.attributes);
  const span = tracer().startSpan(
    `send ${framework?.type ?? message.destination}`,
    { kind: SpanKind.PRODUCER, startTime: message.startTime ?? preciseNow(), attributes },
    parent,
  );
  const ctx = trace.setSpan(parent, span);
  if (isSuppressed(active)) return { span, ctx: active, headers: { ...message.headers } };
  // Without an SDK and without a flow there is nothing to tell the receiver, so the message stays
  // as it was.
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

/** Returns what sends a message whose span a framework's adapter made. */
const carry = (
  { span, headers }: NonNullable<Declaration['sending']>,
  message: OutgoingMessage,
  ctx: Context,
): Sending => ({
  span: trace.wrapSpanContext(span.spanContext()),
  ctx,
  headers: { ...message.headers, ...headers },
});

/** Makes a message id. Browsers have `randomUUID` only on pages loaded by HTTPS. */
const newId = (): string =>
  (crypto as { randomUUID?: () => string }).randomUUID?.() ?? `${random()}${random()}`;
const random = (): string => Math.random().toString(36).slice(2);

const NOTHING_DECLARED: MessageEnvelope = {};

interface Declared {
  declared: MessageEnvelope;
  /** The headers to send. */
  given: Record<string, unknown>;
  /** The context from which the new message follows. */
  parent: Context;
  /** The id that was given for this message. */
  givenId: string | undefined;
}

/**
 * Returns what the application declared about a new message in its headers. What the application
 * declared takes precedence over what an adapter guesses. If the headers were passed on from a
 * message that is being handled, or was, they declare nothing about the new message. Otherwise the
 * new message would get the id and type of the handled message, and would be mistaken for it.
 *
 * A message that is sent again because it failed, or to the queue from which it was taken, is still
 * the same message, and its handling failed.
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
  // Only the routing slip has to be removed here, because all other fields of the envelope are
  // overwritten.
  delete given[names.HEADER_ITINERARY];
  const parent = handledId === undefined ? handled!.ctx : active;
  const own = givenId === handled?.givenId ? undefined : givenId;
  const isAgain = message.failure !== undefined || handled?.destination === message.destination;
  if (!isAgain) return { declared: NOTHING_DECLARED, given, parent, givenId: own };
  if (handled?.span.isRecording())
    noteFailure(handled.span, message.failure ?? `sent to ${message.destination} again`);
  return { declared: { ...declared, itinerary: undefined }, given, parent, givenId: own };
}

export interface Processing {
  span: Span;
  ctx: Context;
  extracted: Extracted;
}

/**
 * Starts the CONSUMER span of one message. Adapters whose clients acknowledge a message at the end
 * of its handling end the span at the acknowledgement.
 */
export function startProcessing(message: IncomingMessage): Processing {
  if (isSuppressed(context.active())) return untraced();
  const extracted = extractHeaders(message.headers);
  const type = extracted.type ?? message.type ?? '';
  const id = extracted.id ?? message.id;
  const { flow } = extracted;
  const links: Link[] = extracted.creation ? [{ context: extracted.creation }] : [];
  const attributes = messageAttributes(message, 'process', id, extracted.kind ?? 'event', type);
  if (flow) addFlowAttributes(attributes, flow, 'message');
  const set = (name: string, value: string | number | undefined): void => {
    if (value !== undefined && value !== '') attributes[name] = value;
  };
  set(names.ATTR_STEP_NAME, message.step ?? declaredStep(message.destination, message.group));
  set(names.ATTR_STEP_ATTEMPT, message.attempt);
  set(names.ATTR_MESSAGE_DEAD_LETTERED_FROM, message.deadLetteredFrom);
  set(names.ATTR_CAUSATION_ID, extracted.causationId);
  // The first stop on the slip is the step that begins here, so it is no longer to come.
  set(names.ATTR_ITINERARY, extracted.itinerary?.slice(1).join(','));
  set('messaging.consumer.group.name', message.group);
  set('messaging.batch.message_count', message.batchSize);
  set(names.ATTR_MESSAGE_LAG, message.lag);
  if (message.attributes) Object.assign(attributes, message.attributes);
  // The new span is the root of a trace. Its parent context passes on all that the message carried,
  // except the sender's span.
  const parent = contextWithMessage(extracted.context, id);
  // The queue of replies mostly has a name of its own for each client.
  const what = extracted.kind === 'reply' && type !== '' ? type : message.destination;
  const span = tracer().startSpan(
    `process ${what}`,
    { kind: SpanKind.CONSUMER, root: true, links, attributes, startTime: preciseNow() },
    parent,
  );
  const ctx = trace.setSpan(parent, span);
  offerDelivery(span, extracted);
  if (id !== undefined && span.isRecording())
    rememberHandled(id, { span, ctx, destination: message.destination, givenId: message.id });
  enterDelivery(span, ctx, attributes, extracted.creation);
  return { span, ctx, extracted };
}

/**
 * Returns what stands for a delivery whose tracing is off: its handler runs as without this
 * package.
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

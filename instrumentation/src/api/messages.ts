import {
  context,
  diag,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Link,
  type Span,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api';
import { preciseNow } from '../core/clock.ts';
import {
  addFlowAttributes,
  contextWithFlow,
  contextWithMessage,
  flowAttributes,
  flowOf,
  messageIdOf,
  named,
} from '../core/flow-context.ts';
import { emitMilestone } from '../core/flow-log.ts';
import {
  envelopeIn,
  extractHeaders,
  injectHeaders,
  type Extracted,
  type MessageEnvelope,
} from '../core/headers.ts';
import * as names from '../semconv.ts';
import type {
  Flow,
  FlowDefinition,
  FlowOutcome,
  IncomingMessage,
  MessageKind,
  OutgoingMessage,
  StepOptions,
} from '../types.ts';

/**
 * The broker-neutral calls: name what you send and what you handle, whatever carries it. None of them throws what the
 * wrapped code did not throw; without a registered SDK they call the wrapped code and nothing else happens.
 */
const VERSION = '0.1.0';
/**
 * One for each provider: asking for it costs as much as half a span. Kept by provider, because a tracer that was had
 * before an SDK registered itself through another build of the API (SDK 3 is CommonJS and ESM) stays silent for ever.
 */
let provider: TracerProvider | undefined;
let ours: Tracer;
const tracer = (): Tracer => {
  const current = trace.getTracerProvider();
  if (current !== provider) {
    provider = current;
    ours = current.getTracer('@fermata/instrumentation', VERSION);
  }
  return ours;
};
const NOTHING_SAID: MessageEnvelope = {};

type Send<T> = (headers: Record<string, unknown>) => T;

/** It happened. Whoever listens, listens. */
export const publishEvent = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('event', message, send);
/** Do it: one receiver, who may reply. */
export const sendCommand = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('command', message, send);
/** The answer to the message being handled. */
export const reply = <T>(message: OutgoingMessage, send: Send<T>): T => sendMessage('reply', message, send);

/**
 * A PRODUCER span around `send`, which gets the headers to put on the message. Ends when the result does.
 * Convention: OpenTelemetry messaging spans 1.45, operation type `send`.
 */
export function sendMessage<T>(kind: MessageKind, message: OutgoingMessage, send: Send<T>): T {
  const sending = attempt(() => startSending(kind, message));
  if (sending === undefined) return send(attempt(() => ({ ...message.headers })) ?? {});
  const { span, ctx, headers } = sending;
  return finishWith(span, ctx, () => send(headers), send);
}

/** What a caller said wrongly is its own affair: what it wanted to have done is done. */
export function attempt<T>(prepare: () => T): T | undefined {
  try {
    return prepare();
  } catch (error) {
    diag.warn('fermata: something could not be traced', error);
    return undefined;
  }
}

export interface Sending {
  span: Span;
  ctx: Context;
  /** To put on the message: those that were given, and what travels. */
  headers: Record<string, unknown>;
}

/** For adapters whose clients send several messages at once, or say later that it was done. */
export function startSending(usualKind: MessageKind, message: OutgoingMessage): Sending {
  const parent = message.flow ? contextWithFlow(context.active(), message.flow) : context.active();
  const flow = flowOf(parent);
  const causationId = messageIdOf(parent);
  const { said, given } = sayingOf(message.headers, causationId);
  const kind = said.kind ?? usualKind;
  const itinerary = message.itinerary ?? said.itinerary;
  const type = said.type ?? message.type;
  const id = message.id ?? said.id ?? newId();
  const attributes = messageAttributes(message, 'send', id, kind, type);
  if (flow) addFlowAttributes(attributes, flow, message.flow ? 'explicit' : 'ambient');
  if (causationId !== undefined) attributes[names.ATTR_CAUSATION_ID] = causationId;
  if (itinerary) attributes[names.ATTR_ITINERARY] = itinerary.join(',');
  const span = tracer().startSpan(
    `send ${message.destination}`,
    { kind: SpanKind.PRODUCER, startTime: message.startTime ?? preciseNow(), attributes },
    parent,
  );
  const ctx = trace.setSpan(parent, span);
  // Without an SDK there is nothing to tell the receiver: the message stays as it was.
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

/** Browsers have `randomUUID` only on pages that came by HTTPS. */
const newId = (): string =>
  (crypto as { randomUUID?: () => string }).randomUUID?.() ?? `${random()}${random()}`;
const random = (): string => Math.random().toString(36).slice(2);

/**
 * What the application wrote into the headers itself counts: an adapter only guesses. But headers that it passes on from
 * the message being handled speak of that one: the new message would get its id and type, and take its place.
 */
function sayingOf(
  headers: Record<string, unknown> | undefined,
  handled: string | undefined,
): { said: MessageEnvelope; given: Record<string, unknown> } {
  const given = { ...headers };
  if (headers === undefined) return { said: NOTHING_SAID, given };
  const said = envelopeIn(headers);
  if (handled === undefined || said.id !== handled) return { said, given };
  // All else is written anew.
  delete given[names.HEADER_ITINERARY];
  return { said: NOTHING_SAID, given };
}

/**
 * Where somebody else's instrumentation makes the spans: adds the flow to headers, and leaves trace context to them.
 */
export function addFlow<C extends Record<string, unknown>>(headers: C): C {
  if (flowOf(context.active())) injectHeaders(headers, trace.deleteSpan(context.active()));
  return headers;
}

/** Likewise for a handler: its context, and the span that is active, get the flow of the message's own headers. */
export function inFlowOf<T>(headers: Record<string, unknown> | undefined, run: () => T): T {
  const { flow } = extractHeaders(headers);
  if (flow === undefined) return run();
  trace.getActiveSpan()?.setAttributes(flowAttributes(flow, 'message'));
  return context.with(contextWithFlow(context.active(), flow), run);
}

/**
 * Runs a handler for one message: a CONSUMER span in a trace of its own that links to the sender's span, in the flow
 * that the message's headers name. A throw marks the span failed and reaches the caller unchanged.
 */
export function handleMessage<T>(message: IncomingMessage, handler: (extracted: Extracted) => T): T {
  return handleFor(handler, message, handler);
}

/** For adapters, that call what the application gave them: `listener` is that. */
export function handleFor<T>(
  listener: Work,
  message: IncomingMessage,
  handler: (extracted: Extracted) => T,
): T {
  const processing = attempt(() => startProcessing(message));
  if (processing === undefined)
    return handler({ context: ROOT_CONTEXT, creation: undefined, flow: undefined });
  const { span, ctx, extracted } = processing;
  return finishWith(span, ctx, () => handler(extracted), listener);
}

export interface Processing {
  span: Span;
  ctx: Context;
  extracted: Extracted;
}

/** For adapters whose clients end a message's handling by acknowledging it. */
export function startProcessing(message: IncomingMessage): Processing {
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
  set(names.ATTR_STEP_NAME, message.step);
  set(names.ATTR_STEP_ATTEMPT, message.attempt);
  set(names.ATTR_MESSAGE_DEAD_LETTERED_FROM, message.deadLetteredFrom);
  set(names.ATTR_CAUSATION_ID, extracted.causationId);
  // The first stop of the slip is this one.
  set(names.ATTR_ITINERARY, extracted.itinerary?.slice(1).join(','));
  set('messaging.consumer.group.name', message.group);
  set('messaging.batch.message_count', message.batchSize);
  set(names.ATTR_MESSAGE_LAG, message.lag);
  if (message.attributes) Object.assign(attributes, message.attributes);
  // The span is a root: only what context carries besides the sender's span reaches it.
  const parent = contextWithMessage(extracted.context, id);
  const span = tracer().startSpan(
    `process ${message.destination}`,
    { kind: SpanKind.CONSUMER, root: true, links, attributes, startTime: preciseNow() },
    parent,
  );
  return { span, ctx: trace.setSpan(parent, span), extracted };
}

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

/**
 * Starts a flow and runs `work` in it. The active span (the HTTP request, say) becomes its first step; a milestone says
 * so at once. Calling it for an id that is running joins that run.
 */
export function startFlow<T>(given: Flow, work: () => T): T {
  const flow = attempt(() => named(given));
  if (flow === undefined) return work();
  const parent = flowOf(context.active());
  const related: Attributes =
    parent && parent.id !== flow.id
      ? {
          [names.ATTR_FLOW_PARENT_ID]: parent.id,
          ...(parent.type !== undefined && { [names.ATTR_FLOW_PARENT_TYPE]: parent.type }),
        }
      : {};
  const attributes = { ...flowAttributes(flow, 'explicit'), ...related };
  trace.getActiveSpan()?.setAttributes(attributes);
  return context.with(contextWithFlow(context.active(), flow), () => {
    emitMilestone(names.EVENT_FLOW_STARTED, attributes);
    return work();
  });
}

/** A named piece of work in the current flow. Its start is said at once, so that a hanging step is visible. */
export function step<T>(name: string, work: (span: Span) => T, options?: StepOptions): T {
  return runStep(name, options ?? {}, {}, names.EVENT_STEP_STARTED, work);
}

/** Undoes a step: `undoes` is its name or id. */
export function compensate<T>(
  undoes: string,
  work: (span: Span) => T,
  options?: StepOptions & { name?: string },
): T {
  return runStep(
    options?.name ?? `undo ${undoes}`,
    { ...options, kind: 'compensation' },
    { [names.ATTR_STEP_COMPENSATES]: undoes },
    names.EVENT_COMPENSATION_STARTED,
    work,
  );
}

function runStep<T>(
  name: string,
  options: StepOptions,
  extra: Attributes,
  startedEvent: string,
  work: (span: Span) => T,
): T {
  const flow = flowOf(context.active());
  // Whoever set up the SDK may have left the FlowSpanProcessor out.
  const attributes: Attributes = {
    ...(flow && flowAttributes(flow, 'ambient')),
    [names.ATTR_STEP_NAME]: name,
    [names.ATTR_STEP_KIND]: options.kind ?? 'task',
    ...(options.id !== undefined && { [names.ATTR_STEP_ID]: options.id }),
    ...(options.attempt !== undefined && { [names.ATTR_STEP_ATTEMPT]: options.attempt }),
    ...(options.deadline !== undefined && { [names.ATTR_STEP_DEADLINE]: options.deadline }),
    ...extra,
    ...options.attributes,
  };
  const span = tracer().startSpan(name, { attributes, startTime: preciseNow() });
  const ctx = trace.setSpan(context.active(), span);
  return finishWith(
    span,
    ctx,
    () => {
      if (flow) emitMilestone(startedEvent, attributes);
      return work(span);
    },
    work,
  );
}

/** The flow has reached its end. */
export const completeFlow = (): void => endFlow('completed', names.EVENT_FLOW_COMPLETED);
/** The flow has failed for good. */
export const failFlow = (error?: unknown): void => endFlow('failed', names.EVENT_FLOW_FAILED, error);
export const cancelFlow = (): void => endFlow('cancelled', names.EVENT_FLOW_CANCELLED);
/** Everything done was undone. */
export const compensatedFlow = (): void => endFlow('compensated', names.EVENT_FLOW_FAILED);

function endFlow(outcome: FlowOutcome, event: string, error?: unknown): void {
  const flow = flowOf(context.active());
  if (flow === undefined) {
    diag.warn(`fermata: ${outcome} without a current flow`);
    return;
  }
  trace.getActiveSpan()?.setAttribute(names.ATTR_FLOW_OUTCOME, outcome);
  emitMilestone(
    event,
    {
      ...flowAttributes(flow, 'explicit'),
      [names.ATTR_FLOW_OUTCOME]: outcome,
      ...(error !== undefined && {
        'error.type': error instanceof Error ? error.name : 'error',
        'exception.message': error instanceof Error ? error.message : textOf(error),
      }),
    },
    outcome === 'failed',
  );
}

/** Still alive: call it now and then from a long step. */
export function heartbeat(attributes: Attributes = {}): void {
  const flow = flowOf(context.active());
  if (flow) emitMilestone(names.EVENT_FLOW_HEARTBEAT, { ...flowAttributes(flow, 'ambient'), ...attributes });
}

/**
 * Says, for the current flow alone, what comes next and by when (epoch ms). Whoever performs it names its step, or the
 * message that it handles, like this.
 */
export function expectStep(name: string, deadline?: number): void {
  const flow = flowOf(context.active());
  if (flow)
    emitMilestone(names.EVENT_FLOW_EXPECTS, {
      ...flowAttributes(flow, 'ambient'),
      [names.ATTR_STEP_NAME]: name,
      ...(deadline !== undefined && { [names.ATTR_STEP_DEADLINE]: deadline }),
    });
}

/**
 * Says what a flow type consists of, once, at the start of the service: the same as an entry of `fermata.flows.yaml`. The
 * server judges flows under way by it at once; what its operator's own files say counts more.
 */
export function defineFlow(type: string, definition: FlowDefinition): void {
  const text = attempt(() => JSON.stringify({ flows: { [type]: definition } }));
  if (text !== undefined) emitMilestone(names.EVENT_FLOW_DEFINED, { [names.ATTR_FLOW_DEFINITION]: text });
}

/**
 * Runs the work in `ctx`. Ends the span when the work does; its result or error passes through untouched. A query builder
 * that it returns has ended once whoever executes it has its rows; where nobody does, the span ends when the builder is
 * let go of, and says the time at which it was returned.
 *
 * `of`: what the application gave us to call. To watch a promise is to handle its rejection, of which the process then
 * never hears where the application handles it nowhere. So from an async function, whose promise nobody else can have,
 * the caller gets one that rejects when it does; any other promise stays the same object, for who has it may have
 * handled it already, and a second one would end the process.
 */
export function finishWith<T>(span: Span, ctx: Context, work: () => T, of: Work = work): T {
  let result: T;
  try {
    result = context.with(ctx, work);
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
  const done = (): void => span.end(preciseNow());
  const failed = (error: unknown): void => endFailed(span, error);
  if (result instanceof Promise && result.then === Promise.prototype.then) {
    if (isAsync(of))
      return result.then(
        (value: unknown) => {
          done();
          return value;
        },
        (error: unknown) => {
          failed(error);
          throw error;
        },
      ) as T;
    result.then(done, failed);
  } else if (
    !isThenable(result) ||
    !isSpanContextValid(span.spanContext()) ||
    !watchThen(result, span, ctx, done, failed)
  )
    done();
  return result;
}

type Work = (...args: never[]) => unknown;
const isAsync = (work: Work): boolean =>
  (work as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'AsyncFunction';

type Settled = ((value: unknown) => unknown) | null | undefined;

/**
 * A thenable that is no promise may be a query builder, which executes whenever somebody calls its `then`: asking when
 * it is done would execute it once more. So the caller's own call, and only the first, says it. False: it cannot be
 * watched.
 */
function watchThen(
  thenable: PromiseLike<unknown>,
  span: Span,
  ctx: Context,
  done: () => void,
  failed: (error: unknown) => void,
): boolean {
  // A method of the class mostly; the object's own where an outer step watches it, too.
  const own = Object.getOwnPropertyDescriptor(thenable, 'then');
  const then = thenable.then.bind(thenable);
  const watched = (onDone?: Settled, onFailed?: Settled): unknown => {
    unasked.unregister(span);
    if (own === undefined) Reflect.deleteProperty(thenable, 'then');
    else Reflect.defineProperty(thenable, 'then', own);
    const caller = context.active();
    // What executes only now is the work, what is called afterwards is the caller's.
    return context.with(ctx, () =>
      then(
        (value) => {
          done();
          return typeof onDone === 'function' ? context.with(caller, onDone, undefined, value) : value;
        },
        (error: unknown) => {
          failed(error);
          if (typeof onFailed === 'function') return context.with(caller, onFailed, undefined, error);
          throw error;
        },
      ),
    );
  };
  if (!Reflect.defineProperty(thenable, 'then', { value: watched, configurable: true, writable: true }))
    return false;
  unasked.register(thenable, { span, returned: preciseNow() }, span);
  return true;
}

/** Spans of thenables whose `then` nobody has called: it may be executed otherwise, or never. */
const unasked = new FinalizationRegistry<{ span: Span; returned: number }>(({ span, returned }) =>
  span.end(returned),
);

export function endFailed(span: Span, error: unknown): void {
  const failure = error instanceof Error ? error : new Error(textOf(error));
  span.setAttribute('error.type', failure.name);
  span.recordException(failure);
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  span.end(preciseNow());
}

/** Whatever was thrown: there are objects that cannot be made a text, and saying so must not replace the host's error. */
function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return `an ${typeof error} without a text`;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function'
  );
}

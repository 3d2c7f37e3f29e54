import {
  context,
  createContextKey,
  SpanKind,
  trace,
  type Context,
  type Span,
} from '@opentelemetry/api';
import {
  attempt,
  declareSending,
  type Declaration,
  endFailed,
  type Handling,
  holdEnd,
  isTaken,
  markTraced,
  noteFailure,
  preciseNow,
  startProcessing,
  takeDelivery,
} from '../adapter-kit.ts';
import { ATTR_MESSAGE_KIND, ATTR_MESSAGE_TYPE, ATTR_STEP_NAME } from '../semconv.ts';
import {
  ENVELOPE,
  nameOfPattern,
  traceClient,
  type Client,
  type Packet,
} from './parts/nest-client.ts';
import { headersOfCall, nameOfMethod, traceGrpcCalls, type GrpcClient } from './parts/nest-grpc.ts';
import { isObservable, watchObservable, type Observable } from './parts/observables.ts';

/**
 * This adapter traces microservices of NestJS 9 to 12 over every transport. It names messages and
 * steps by their pattern, says which are events, commands and replies, and sees the errors that
 * Nest handles itself. Over transports whose client has an adapter, that adapter makes the spans
 * and carries the context. Redis, TCP and transports of the application's own have no headers
 * that could carry it; there, it travels in the packet beside the pattern and the data, where
 * Nest looks at nothing else. Calls of gRPC carry it in their metadata.
 */
/** Numbers that Nest gives to the transports whose client has an adapter of its own. */
const CARRYING: ReadonlySet<unknown> = new Set([2, 3, 5, 6] /* NATS, MQTT, RMQ, Kafka */);
const GRPC = 4;
const SERVER_SYSTEMS: Readonly<Record<number, string>> = { 0: 'tcp', 1: 'redis', [GRPC]: 'grpc' };

type Method = (this: never, ...args: never[]) => unknown;
type Methods = Record<string, Method>;
type Callback = ((...args: unknown[]) => unknown) & { next?: unknown };

/** The packet that is being handled. */
interface Received {
  /** Headers that the deserializer found in it. */
  headers?: Record<string, unknown>;
  /** Context in which its handler ran. */
  handled?: Context;
}
const RECEIVED = createContextKey('fermata received packet');
const receivedIn = (ctx: Context): Received | undefined =>
  ctx.getValue(RECEIVED) as Received | undefined;
/** Context key of the span of the message that a Nest handler is handling. */
const HANDLED = createContextKey('fermata message of Nest');
const handledIn = (ctx: Context): Span | undefined => ctx.getValue(HANDLED) as Span | undefined;
/** Kind and type of the reply to a message, by the span of the message. */
const replies = new WeakMap<Span, Declaration>();

interface Server {
  transportId?: unknown;
  deserializer?: { deserialize: (value: unknown, ...rest: unknown[]) => unknown };
  handleMessage?: (...args: unknown[]) => unknown;
}

/** Patches a server so that the context in a packet is stored while the packet is handled. */
function readEnvelopes(server: Server): void {
  if (!markTraced(server)) return;
  const { handleMessage, deserializer } = server;
  if (typeof handleMessage !== 'function' || deserializer === undefined) return;
  server.handleMessage = (...args) =>
    context.with(context.active().setValue(RECEIVED, {} satisfies Received), () =>
      handleMessage.apply(server, args),
    );
  const deserialize = deserializer.deserialize.bind(deserializer);
  deserializer.deserialize = (value, ...rest) => {
    const holder = receivedIn(context.active());
    const packet = value as Packet | null | undefined;
    if (holder !== undefined && typeof packet === 'object' && packet !== null) {
      const headers = packet[ENVELOPE];
      if (typeof headers === 'object' && headers !== null && 'pattern' in packet) {
        holder.headers = headers as Record<string, unknown>;
        delete packet[ENVELOPE];
      }
    }
    return deserialize(value, ...rest);
  };
}

/** Returns a handler that runs `callback` in the span of its message. */
function traceHandler(
  server: Server,
  pattern: unknown,
  callback: Callback,
  isEvent: boolean,
): Callback {
  const isCall = server.transportId === GRPC;
  const name = isCall ? nameOfMethod(pattern) : nameOfPattern(pattern);
  const handling: Handling = { kind: isEvent ? 'event' : 'command', type: name, step: name };
  const traced: Callback = (...args) => {
    // If an event has several handlers, the later ones run inside the first and share its span.
    if (handledIn(context.active()) !== undefined) return callback(...args);
    const started = attempt(() =>
      begin(server, handling, isCall ? headersOfCall(args) : undefined),
    );
    if (started === undefined) return callback(...args);
    replies.set(started.span, { kind: 'reply', type: `${name}.reply` });
    return run(started, () => callback(...args));
  };
  // Nest chains the handlers of one event by the property `next`. The original handler reads it
  // from itself, so the wrapper reads and writes it there.
  Object.defineProperty(traced, 'next', {
    get: () => callback.next,
    set: (next: unknown) => {
      callback.next = next;
    },
  });
  return traced;
}

interface Started {
  span: Span;
  ctx: Context;
  /**
   * True if this adapter made the span and ends it with the handler; false if another adapter or
   * instrumentation of the client ends it.
   */
  isOwn: boolean;
}

function begin(
  server: Server,
  handling: Handling,
  headersOfCall: Record<string, unknown> | undefined,
): Started | undefined {
  const active = context.active();
  const current = trace.getSpan(active);
  if (takeDelivery(current, handling)) return { span: current!, ctx: active, isOwn: false };
  if (isTaken(current)) return undefined;
  // Another instrumentation of the client has made the span of this message, so it is only named
  // here.
  if (
    CARRYING.has(server.transportId) &&
    (current as { kind?: SpanKind } | undefined)?.kind === SpanKind.CONSUMER
  ) {
    current!.setAttributes({
      [ATTR_STEP_NAME]: handling.step,
      [ATTR_MESSAGE_TYPE]: handling.type,
      [ATTR_MESSAGE_KIND]: handling.kind,
    });
    return { span: current!, ctx: active, isOwn: false };
  }
  const headers = headersOfCall ?? receivedIn(active)?.headers;
  const { span, ctx } = startProcessing({
    system: SERVER_SYSTEMS[server.transportId as number] ?? 'nestjs',
    destination: handling.type,
    type: handling.type,
    step: handling.step,
    headers,
  });
  takeDelivery(span, handling);
  return { span, ctx, isOwn: true };
}

/**
 * Runs a handler. If the handler returns an Observable, its span ends when the Observable completes
 * or fails.
 */
function run({ span, ctx, isOwn }: Started, handler: () => unknown): unknown {
  const inside = ctx.setValue(HANDLED, span);
  const received = receivedIn(context.active());
  if (received !== undefined) received.handled = inside;
  const release = isOwn ? ownEnd(span) : undefined;
  const finish = (value: unknown): unknown => {
    if (!isObservable(value)) {
      release?.();
      return value;
    }
    return watchObservable(value, inside, release ?? holdEnd(span));
  };
  const fail = (error: unknown): void => {
    if (release !== undefined) release({ error });
    else if (span.isRecording()) noteFailure(span, error);
  };
  let result: unknown;
  try {
    result = context.with(inside, handler);
  } catch (error) {
    fail(error);
    throw error;
  }
  if (!(result instanceof Promise)) return finish(result);
  return result.then(finish, (error: unknown) => {
    fail(error);
    throw error;
  });
}

const ownEnd =
  (span: Span) =>
  (failure?: { error: unknown }): void => {
    if (!span.isRecording()) return;
    if (failure === undefined) span.end(preciseNow());
    else endFailed(span, failure.error);
  };

/** The classes of the Nest module that this adapter patches. */
interface NestModule {
  ClientProxy: { prototype: object };
  Server: { prototype: object };
  BaseRpcExceptionFilter?: { prototype: object };
  ServerGrpc?: { prototype: object };
  ClientGrpcProxy?: { prototype: object };
}

/**
 * Patches @nestjs/microservices, so that the application needs no change. A second call does
 * nothing.
 */
export function instrumentNest(module: NestModule): void {
  const client = module.ClientProxy.prototype as Methods;
  if (!markTraced(client)) return;
  for (const name of ['send', 'emit']) {
    const original = client[name]!;
    client[name] = function (this: Client, ...args: never[]) {
      attempt(() => traceClient(this, module as unknown as Record<string, unknown>));
      return original.apply(this as never, args);
    };
  }
  noteErrorsOf(module.BaseRpcExceptionFilter?.prototype as Methods | undefined, 'catch', 0);
  const server = module.Server.prototype as Methods;
  traceHandlersOf(server);
  // The server of gRPC has an `addHandler` of its own.
  if (module.ServerGrpc !== undefined) traceHandlersOf(module.ServerGrpc.prototype as Methods);
  const grpcClient = module.ClientGrpcProxy?.prototype as GrpcClient | undefined;
  if (grpcClient !== undefined) traceGrpcCalls(grpcClient);
  const { send } = server;
  // Replies are sent from here, whatever the transport.
  server['send'] = function (this: Server, ...args: never[]) {
    const [stream, respond] = args as unknown as [Observable, (data: unknown) => unknown];
    const ctx = contextOfReply();
    const span = trace.getSpan(ctx);
    const reply = span && replies.get(span);
    const declared = (data: unknown): unknown =>
      reply === undefined ? respond(data) : declareSending(reply, () => respond(data));
    return context.with(ctx, () => (send as unknown as Callback).call(this, stream, declared));
  };
}

/**
 * Returns the context of the message that is being answered. Nest awaits the promise of a handler
 * in the context in which the packet came, where no span is active unless the client's adapter made
 * one for the whole delivery.
 */
function contextOfReply(): Context {
  const active = context.active();
  const span = trace.getSpan(active);
  if (span !== undefined && replies.has(span)) return active;
  return receivedIn(active)?.handled ?? active;
}

/** Makes servers trace the handlers that are added to them. */
function traceHandlersOf(prototype: Methods): void {
  const { addHandler } = prototype;
  prototype['addHandler'] = function (this: Server, ...args: never[]) {
    const [pattern, callback, isEvent, ...rest] = args as unknown as [unknown, Callback, boolean?];
    const traced = attempt(() => {
      if (this.transportId !== GRPC && !CARRYING.has(this.transportId)) readEnvelopes(this);
      return traceHandler(this, pattern, callback, isEvent === true);
    });
    return (addHandler as unknown as Callback).call(
      this,
      pattern,
      traced ?? callback,
      isEvent,
      ...rest,
    );
  };
}

/**
 * Patches the method in which Nest catches what a handler throws, because exception filters may
 * later replace or swallow the error. If an ES module of NestJS 12 is loaded by `require`, this
 * method cannot be patched; then Nest's default filter is the first place where the error is seen.
 */
export function instrumentNestErrors(module: { RpcProxy: { prototype: object } }): void {
  const prototype = module.RpcProxy.prototype as Methods;
  if (markTraced(prototype)) noteErrorsOf(prototype, 'handleError', 2);
}

/**
 * Patches a method so that its argument at position `at` is recorded as the error of the message
 * that is being handled.
 */
function noteErrorsOf(prototype: Methods | undefined, name: string, at: number): void {
  const original = prototype?.[name];
  if (prototype === undefined || original === undefined) return;
  prototype[name] = function (this: never, ...args) {
    const span = handledIn(context.active());
    if (span?.isRecording()) noteFailure(span, args[at]);
    return original.apply(this, args);
  };
}

import { context, createContextKey, trace } from '@opentelemetry/api';
import {
  endSpanWith,
  handleOnBehalfOf,
  isSuppressed,
  type Listener,
  markTraced,
  preciseNow,
  publishEvent,
  TRACED,
  tracer,
  wrapListeners,
} from '../adapter-kit.ts';

/**
 * This adapter traces a socket of socket.io 4, on the server or the client. Call it for every
 * socket before listeners are added; on the server, call it first in `io.on('connection', …)`.
 * Context travels as an additional last argument, which the receiving adapter removes.
 *
 * The argument is sent only if the other end has announced, by a greeting event after connecting,
 * that it has this adapter. An end without the adapter sees only that greeting. Each listener, also
 * one added by `onAny`, is a consumer until the promise that it returns has settled. Middleware of
 * `socket.use` is not traced.
 */
interface Socket {
  readonly id?: string | undefined;
  emit(event: string, ...args: unknown[]): unknown;
  onAny?: Listener;
  prependAny?: Listener;
  offAny?: Listener;
  /** Receives every packet: `onevent` on the client, `_onevent` on the server since 4.x. */
  onevent?(packet: { data: unknown[] }): void;
  _onevent?(packet: { data: unknown[] }): void;
}

const HELLO = 'fermata:hello';
const ANSWER = 'too';
const CARRIER = 'fermata:context';
/** Context key of the headers of the packet whose listeners are running. */
const HEADERS = createContextKey('fermata socket.io headers');
/** Events that socket.io emits locally and never sends over the connection. */
const LOCAL = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'error',
  'newListener',
  'removeListener',
]);

/**
 * The other end of a connection. `understoodOn` is the socket id on which that end announced that
 * it understands context. After a reconnect, the socket has another id and may reach another
 * server.
 */
interface Peer {
  understoodOn: string | undefined;
}

export function traceSocket<S extends object>(given: S): S {
  const socket = given as S & Socket;
  if (!markTraced(socket)) return given;
  const emit = socket.emit.bind(socket);
  const peer: Peer = { understoodOn: undefined };
  // Both ends send a greeting, because a greeting that arrives before the other end is traced has
  // no effect. After a reconnect, the server has a new socket, which greets again when it is
  // traced.
  emit(HELLO);
  traceEmitting(socket, emit, peer);
  traceReceiving(socket, emit, peer);
  wrapListeners(socket, (event, listener, ordinal) => {
    if (typeof event !== 'string' || LOCAL.has(event)) return listener;
    const group = listener.name || (ordinal === 0 ? '' : `listener-${ordinal + 1}`);
    return function (this: unknown, ...args) {
      return consume(listener, event, group, () => listener.apply(this, args));
    };
  });
  traceListenersOfAny(socket);
  return given;
}

function traceEmitting(socket: Socket, emit: Socket['emit'], peer: Peer): void {
  socket.emit = (event: string, ...args: unknown[]) => {
    if (LOCAL.has(event)) return emit(event, ...args);
    return publishEvent({ type: event, destination: event, system: 'socket.io' }, (headers) => {
      if (peer.understoodOn === undefined || peer.understoodOn !== socket.id)
        return emit(event, ...args);
      const acknowledge = typeof args[args.length - 1] === 'function' ? [args.pop()] : [];
      return emit(event, ...args, { [CARRIER]: headers }, ...acknowledge);
    });
  };
}

function traceReceiving(socket: Socket, emit: Socket['emit'], peer: Peer): void {
  // The method that receives packets is called `_onevent` on the server since 4.x, and `onevent` on
  // the client.
  for (const method of ['onevent', '_onevent'] as const) {
    const receive = socket[method]?.bind(socket);
    if (receive === undefined) continue;
    socket[method] = (packet) => {
      const [event] = packet.data;
      if (event === HELLO) {
        if (packet.data[1] !== ANSWER) emit(HELLO, ANSWER);
        peer.understoodOn = socket.id;
        return;
      }
      const at = packet.data.findIndex(isCarrier);
      if (LOCAL.has(String(event)) && at < 0) return receive(packet);
      const headers =
        at < 0
          ? {}
          : (packet.data.splice(at, 1)[0] as { [CARRIER]: Record<string, unknown> })[CARRIER];
      // On the server, listeners are called a tick later, but the context that is active here still
      // applies.
      return context.with(context.active().setValue(HEADERS, headers), () => receive(packet));
    };
  }
}

function traceListenersOfAny(socket: Socket): void {
  const traced = new WeakMap<object, Listener>();
  for (const method of ['onAny', 'prependAny'] as const) {
    const add = socket[method]?.bind(socket);
    if (add === undefined) continue;
    socket[method] = (listener) => {
      if (typeof listener !== 'function') return add(listener);
      const any = listener as Listener;
      const consumer: Listener = function (this: unknown, ...args) {
        return consume(any, String(args[0]), 'any', () => any.apply(this, args));
      };
      traced.set(any, consumer);
      return add(consumer);
    };
  }
  const remove = socket.offAny?.bind(socket);
  if (remove !== undefined)
    socket.offAny = (...args) => remove(...args.map((any) => traced.get(any as object) ?? any));
}

function consume<T>(listener: Listener, event: string, group: string, handle: () => T): T {
  const headers = context.active().getValue(HEADERS) as Record<string, unknown> | undefined;
  if (headers === undefined) return handle();
  return handleOnBehalfOf(
    listener,
    {
      system: 'socket.io',
      destination: event,
      headers,
      type: event,
      ...(group !== '' && { group }),
    },
    handle,
  );
}

const isCarrier = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.hasOwn(value, CARRIER) &&
  typeof (value as Record<string, unknown>)[CARRIER] === 'object';

/**
 * Patches the server's sockets, so that the application needs no change. Nothing is added to sent
 * packets, because a client without this adapter would see it. Each listener runs in an internal
 * span: messages and calls that it makes form one flow, and without any there is no flow. For
 * context across the connection, use `traceSocket` instead.
 */
export function instrumentSocketIo(module: { Socket: { prototype: object } }): void {
  const prototype = module.Socket.prototype as Record<string, Listener>;
  if (!markTraced(prototype)) return;
  for (const name of ['on', 'addListener', 'once'] as const) {
    const add = prototype[name];
    if (typeof add !== 'function') continue;
    prototype[name] = function (this: object, ...args) {
      if (Object.hasOwn(this, TRACED) || Object.hasOwn(this, LISTENED))
        return add.apply(this, args);
      Object.defineProperty(this, LISTENED, { value: true });
      wrapListeners(this, (event, listener) =>
        typeof event !== 'string' || LOCAL.has(event) || Object.hasOwn(this, TRACED)
          ? listener
          : inOwnSpan(this, event, listener),
      );
      return (this as Record<string, Listener>)[name]!(...args);
    };
  }
}
const LISTENED = Symbol('fermata listened socket');

const inOwnSpan = (socket: object, event: string, listener: Listener): Listener =>
  function (this: unknown, ...args) {
    const active = context.active();
    const handle = (): unknown => listener.apply(this, args);
    if (Object.hasOwn(socket, TRACED) || isSuppressed(active)) return handle();
    // The active span is removed, because it is that of the request that opened the connection,
    // which has ended.
    const ctx = trace.deleteSpan(active);
    const span = tracer().startSpan(`socket.io ${event}`, { startTime: preciseNow() }, ctx);
    return endSpanWith(span, trace.setSpan(ctx, span), handle, listener);
  };

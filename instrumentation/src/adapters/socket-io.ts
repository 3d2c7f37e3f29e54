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
 * This adapter traces a socket of socket.io 4, at either end. Call it for every socket before
 * listeners are added; on the server, call it first in `io.on('connection', …)`. Context travels as
 * an additional last argument, which the receiving adapter removes. The argument is sent only to a
 * peer that has announced, in a greeting at each connect, that it removes the argument; a peer
 * without this adapter sees the greeting event and nothing else. Each listener, also one added by
 * `onAny`, is a consumer until what the listener returned has settled. Middleware of `socket.use`
 * is not traced.
 */
interface Socket {
  readonly id?: string | undefined;
  emit(event: string, ...args: unknown[]): unknown;
  onAny?: Listener;
  prependAny?: Listener;
  offAny?: Listener;
  /** Receives every packet, at both ends. */
  onevent?(packet: { data: unknown[] }): void;
  _onevent?(packet: { data: unknown[] }): void;
}

const HELLO = 'fermata:hello';
const ANSWER = 'too';
const CARRIER = 'fermata:context';
/** Context key for the headers of the packet whose listeners are being called. */
const HEADERS = createContextKey('fermata socket.io headers');
/** Names of events of the library itself, which are never sent to the peer. */
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
 * The other end of a connection. `understoodOn` is the socket id under which the other end said
 * that it understands context. The id is compared, because a reconnect may reach another peer.
 */
interface Peer {
  understoodOn: string | undefined;
}

export function traceSocket<S extends object>(given: S): S {
  const socket = given as S & Socket;
  if (!markTraced(socket)) return given;
  const emit = socket.emit.bind(socket);
  const peer: Peer = { understoodOn: undefined };
  // Both ends send a greeting, because only the greeting of the end that is traced last arrives. A
  // server has a new socket for each connect, so the server need not repeat its greeting.
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
  // The method that receives packets is `_onevent` on the server's sockets since 4.x, and `onevent`
  // on the client's.
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
      // On the server, listeners are called a tick later, but still in the context that is active
      // here.
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
 * Instruments a server's sockets without changes to the application. Nothing is added to what a
 * socket sends, because a peer without this adapter would see it. A listener runs in a span that is
 * no message and no request: what it sends and calls is one flow, and where it sends nothing, as
 * most listeners do, there is no flow. `traceSocket` replaces this.
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
    // A connection lives in the context of the request that opened it, which has ended.
    const ctx = trace.deleteSpan(active);
    const span = tracer().startSpan(`socket.io ${event}`, { startTime: preciseNow() }, ctx);
    return endSpanWith(span, trace.setSpan(ctx, span), handle, listener);
  };

import { context, createContextKey } from '@opentelemetry/api';
import { markTraced } from '../internal.ts';
import { wrapListeners } from '../listeners.ts';
import { handleMessage, publishEvent } from '../messages.ts';

/**
 * socket.io 4, either end: call it for every socket before listeners are added, on the server first thing in
 * `io.on('connection', …)`. Context travels as a last argument, and only to a peer that said it takes it off again: whoever
 * does not run this sees nothing. Each listener is a consumer, for as long as what it returns takes.
 */
interface Socket {
  emit(event: string, ...args: unknown[]): unknown;
  on(event: string, listener: (...args: unknown[]) => void): unknown;
  /** Both ends hand every packet to it. */
  onevent?(packet: { data: unknown[] }): void;
  _onevent?(packet: { data: unknown[] }): void;
}

const HELLO = 'fermata:hello';
const CARRIER = 'fermata:context';
/** What came with the packet whose listeners are being called. */
const HEADERS = createContextKey('fermata socket.io headers');
/** Events of the library itself are local. */
const LOCAL = new Set([
  'connect',
  'connect_error',
  'disconnect',
  'disconnecting',
  'error',
  'newListener',
  'removeListener',
  HELLO,
]);

export function traceSocket<S extends object>(given: S): S {
  const socket = given as S & Socket;
  if (!markTraced(socket)) return given;
  let understands = false;
  const emit = socket.emit.bind(socket);
  socket.on(HELLO, () => {
    // Answered once: each end learns of the other, whoever began.
    if (!understands) emit(HELLO);
    understands = true;
  });
  emit(HELLO);
  socket.emit = (event: string, ...args: unknown[]) => {
    if (LOCAL.has(event)) return emit(event, ...args);
    return publishEvent({ type: event, destination: event, system: 'socket.io' }, (headers) => {
      if (!understands) return emit(event, ...args);
      const acknowledge = typeof args[args.length - 1] === 'function' ? [args.pop()] : [];
      return emit(event, ...args, { [CARRIER]: headers }, ...acknowledge);
    });
  };
  // The server's sockets name it _onevent since 4.x; the client's onevent.
  for (const method of ['onevent', '_onevent'] as const) {
    const receive = socket[method]?.bind(socket);
    if (receive === undefined) continue;
    socket[method] = (packet) => {
      const at = packet.data.findIndex(isCarrier);
      if (LOCAL.has(String(packet.data[0])) && at < 0) return receive(packet);
      const headers =
        at < 0 ? {} : (packet.data.splice(at, 1)[0] as { [CARRIER]: Record<string, unknown> })[CARRIER];
      // The server calls listeners a tick later, but in this context.
      return context.with(context.active().setValue(HEADERS, headers), () => receive(packet));
    };
  }
  wrapListeners(socket, (event, listener) => {
    if (typeof event !== 'string' || LOCAL.has(event)) return listener;
    return function (this: unknown, ...args) {
      const headers = context.active().getValue(HEADERS) as Record<string, unknown> | undefined;
      if (headers === undefined) return listener.apply(this, args);
      return handleMessage({ system: 'socket.io', destination: event, headers, type: event }, () =>
        listener.apply(this, args),
      );
    };
  });
  return given;
}

const isCarrier = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.hasOwn(value, CARRIER) &&
  typeof (value as Record<string, unknown>)[CARRIER] === 'object';

import { diag } from '@opentelemetry/api';
import { markTraced, TRACED } from '../../adapter-kit.ts';

/**
 * This file finds every channel of amqplib: those of connections that `connect` returns or passes
 * to a callback, and those that a recovering connection makes later.
 */
export interface AmqplibModule {
  connect: (...args: never[]) => unknown;
}
const CREATORS = ['createChannel', 'createConfirmChannel'];

export type Method = (...args: unknown[]) => unknown;
export type Wrap = (create: Method) => Method;

export function wrapConnect(amqplib: AmqplibModule, wrap: Wrap): void {
  const connect = amqplib.connect as Method & { [TRACED]?: true };
  if (connect[TRACED]) return;
  const wrapped: Method & { [TRACED]?: true } = wrap((...args) => connect.apply(amqplib, args));
  wrapped[TRACED] = true;
  amqplib.connect = wrapped;
}

/**
 * Patches a connection so that its channels are traced, and returns it. A connection that cannot be
 * changed (frozen, or a test double) is returned as it is.
 */
export function traceConnection(connection: unknown, wrap: Wrap): unknown {
  try {
    const methods = connection as Record<string, Method | undefined>;
    if (!markTraced(methods)) return connection;
    for (const name of CREATORS) {
      const create = methods[name];
      if (typeof create === 'function')
        methods[name] = wrap((...args) => create.apply(connection, args));
    }
    // After each reconnect, a recovering connection emits a new connection, which has to be patched
    // as well.
    if (typeof methods['waitForConnect'] === 'function')
      methods['on']?.('connect', (made: unknown) => traceConnection(made, wrap));
  } catch (error) {
    diag.warn('fermata: an amqplib connection could not be traced', error);
  }
  return connection;
}

/**
 * Returns the arguments of `connect` with the application's `recovery.setup` function wrapped, so
 * that the connection passed to it is traced as well. The number of parameters of `setup` tells
 * whether it takes a callback.
 */
export function withSetup(args: unknown[], wrap: Wrap): unknown[] {
  return args.map((arg) => {
    const recovery = (arg as { recovery?: { setup?: unknown } } | null | undefined)?.recovery;
    const setup = recovery?.setup;
    if (typeof setup !== 'function') return arg;
    const given = setup as Method;
    const traced: Method =
      given.length >= 2
        ? (made, done) => given(traceConnection(made, wrap), done)
        : (made) => given(traceConnection(made, wrap));
    return { ...(arg as object), recovery: { ...recovery, setup: traced } };
  });
}

/**
 * Returns the arguments with the caller's callback `(error, result)` wrapped, so that the callback
 * gets `change(result)` instead of the result.
 */
export function withCallback(args: unknown[], change: (result: unknown) => unknown): unknown[] {
  return args.map((arg) =>
    typeof arg === 'function'
      ? (error: unknown, result: unknown) => (arg as Method)(error, error ? result : change(result))
      : arg,
  );
}

import { context, type Context } from '@opentelemetry/api';

/**
 * Key under which a message's options hold its context while a library queues the message. amqplib
 * ignores the additional key.
 */
const CONTEXT = Symbol.for('fermata.publishing-context');

/** Returns a copy of the options that holds the active context. */
export const withContext = (options: unknown): object => ({
  ...(options as object | undefined),
  [CONTEXT]: context.active(),
});

/** Sends a message in the context that `withContext` stored in its options, if there is one. */
export function inQueuedContext<T>(options: object | undefined, send: () => T): T {
  const queued = (options as { [CONTEXT]?: Context } | undefined)?.[CONTEXT];
  return queued === undefined ? send() : context.with(queued, send);
}

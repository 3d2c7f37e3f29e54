import { context, type Context } from '@opentelemetry/api';

/**
 * Keeps the context of a message while a library keeps the message: in the options of the message,
 * which amqplib gets unchanged and reads by name.
 */
const CONTEXT = Symbol.for('fermata.publishing-context');

/** Returns the options with the active context. */
export const withContext = (options: unknown): object => ({
  ...(options as object | undefined),
  [CONTEXT]: context.active(),
});

/** Sends a message in the context in which it was queued, if it was. */
export function inQueuedContext<T>(options: object | undefined, send: () => T): T {
  const queued = (options as { [CONTEXT]?: Context } | undefined)?.[CONTEXT];
  return queued === undefined ? send() : context.with(queued, send);
}

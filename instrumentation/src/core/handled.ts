import type { Context, Span } from '@opentelemetry/api';

/**
 * Remembers messages that were handled lately. A library that sends a failed message again, or
 * passes it on to another queue, often does so when the context of its handler is gone. The
 * message's own headers then name the message, and with it the handling from which the new
 * sending follows.
 */
export interface Handled {
  span: Span;
  ctx: Context;
  destination: string;
  /** The id that the client has for the message. A library that sends it again passes it on. */
  givenId: string | undefined;
}
const MAX_REMEMBERED = 1_000;
const remembered = new Map<string, Handled>();

export function rememberHandled(id: string, handled: Handled): void {
  remembered.delete(id);
  remembered.set(id, handled);
  if (remembered.size > MAX_REMEMBERED) remembered.delete(remembered.keys().next().value as string);
}

export const handledLately = (id: string | undefined): Handled | undefined =>
  id === undefined ? undefined : remembered.get(id);

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

/**
 * Number of messages in each of two generations. The older one is dropped as a whole, so that no
 * message has to look for the oldest one.
 */
const GENERATION = 1_000;
let young = new Map<string, Handled>();
let old = new Map<string, Handled>();

export function rememberHandled(id: string, handled: Handled): void {
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  young.set(id, handled);
}

export const handledLately = (id: string | undefined): Handled | undefined =>
  id === undefined ? undefined : (young.get(id) ?? old.get(id));

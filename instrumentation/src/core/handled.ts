import type { Context, Span } from '@opentelemetry/api';

/**
 * This file remembers messages that were handled recently. A library that resends a failed message,
 * or moves it to another queue, often does so outside of the handler's context. The message id in
 * the headers then leads to the handling that caused the new send.
 */
export interface Handled {
  span: Span;
  ctx: Context;
  destination: string;
  /** Message id of the client. A library that resends the message keeps this id. */
  givenId: string | undefined;
}

/**
 * Number of messages in each of two generations. The older generation is dropped as a whole, which
 * is cheaper than finding the oldest message each time.
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

import type { SpanContext } from '@opentelemetry/api';

/**
 * This file remembers messages that were handled recently. A library that resends a failed message,
 * or moves it to another queue, often does so outside of the handler's context. The message id in
 * the headers then leads to the handling that caused the new send.
 *
 * Neither the span nor its context is kept, and entries are written over instead of made anew:
 * to copy what outlives its message took the garbage collector longer than all the rest of the
 * message's tracing.
 */
export interface Handled {
  id: string;
  /** The handling's span. */
  spanContext: SpanContext;
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
/** The entries of both generations. One that was written over has another id than its key. */
const ring: Handled[] = [];
let next = 0;

export function rememberHandled(
  id: string,
  spanContext: SpanContext,
  destination: string,
  givenId: string | undefined,
): void {
  if (young.size >= GENERATION) {
    old = young;
    young = new Map();
  }
  const entry = ring[next];
  if (entry === undefined) ring[next] = { id, spanContext, destination, givenId };
  else {
    entry.id = id;
    entry.spanContext = spanContext;
    entry.destination = destination;
    entry.givenId = givenId;
  }
  young.set(id, ring[next]!);
  next = (next + 1) % (2 * GENERATION);
}

export function handledLately(id: string | undefined): Handled | undefined {
  if (id === undefined) return undefined;
  const handled = young.get(id) ?? old.get(id);
  return handled?.id === id ? handled : undefined;
}

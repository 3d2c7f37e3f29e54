import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { attempt } from '../core/attempt.ts';
import { endSpanWith, type Work } from '../core/end-span.ts';
import { messageIdOf } from '../core/flow-context.ts';
import { extractHeaders, type Extracted } from '../core/headers.ts';
import { startProcessing, startSending } from '../core/message-spans.ts';
import type { IncomingMessage, MessageKind, OutgoingMessage } from '../types.ts';

/**
 * This file traces messages of any broker; the caller describes the message that it sends or
 * handles. Its functions throw only errors of the wrapped code. Without a registered SDK they just
 * call the wrapped code.
 */
type Send<T> = (headers: Record<string, unknown>) => T;

/** Publishes an event: it says that something has happened, and any consumer may react. */
export const publishEvent = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('event', message, send);
/** Sends a command: it asks one receiver to do something, and the receiver may reply. */
export const sendCommand = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('command', message, send);
/** Sends a reply to the message that is being handled. */
export const reply = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('reply', message, send);

/**
 * Runs `send` in a PRODUCER span and passes it the headers for the message. The span ends when
 * `send` has returned and its promise, if any, has settled. The attributes follow OpenTelemetry's
 * messaging conventions 1.45, operation type `send`.
 */
function sendMessage<T>(kind: MessageKind, message: OutgoingMessage, send: Send<T>): T {
  const sending = attempt(() => startSending(kind, message));
  if (sending === undefined) return send(attempt(() => ({ ...message.headers })) ?? {});
  const { span, ctx, headers } = sending;
  return endSpanWith(span, ctx, () => send(headers), send);
}

/**
 * Runs a handler for one message in a CONSUMER span. The span has a trace of its own, links to the
 * sender's span, and belongs to the flow that the message's headers name. An error of the handler
 * marks the span as failed and reaches the caller unchanged.
 */
export function handleMessage<T>(
  message: IncomingMessage,
  handler: (extracted: Extracted) => T,
): T {
  return handleOnBehalfOf(handler, message, handler);
}

/**
 * Works like `handleMessage`, for adapters. `handler` is the adapter's function, `listener` the
 * application's function that `handler` calls.
 */
export function handleOnBehalfOf<T>(
  listener: Work,
  message: IncomingMessage,
  handler: (extracted: Extracted) => T,
): T {
  const active = context.active();
  const around = messageIdOf(active);
  if (around !== undefined) {
    // An adapter is already handling this message, so a `handleMessage` in the application's
    // handler starts no second span.
    const extracted = extractHeaders(message.headers);
    if ((extracted.id ?? message.id) === around) return handler(extracted);
  }
  const processing = attempt(() => startProcessing(message, active));
  if (processing === undefined)
    return handler({ context: ROOT_CONTEXT, creation: undefined, flow: undefined });
  const { span, ctx, extracted } = processing;
  return endSpanWith(span, ctx, () => handler(extracted), listener);
}

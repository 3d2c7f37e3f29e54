import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import { attempt } from '../core/attempt.ts';
import { endSpanWith, type Work } from '../core/end-span.ts';
import { messageIdOf } from '../core/flow-context.ts';
import { extractHeaders, type Extracted } from '../core/headers.ts';
import { startProcessing, startSending } from '../core/message-spans.ts';
import type { IncomingMessage, MessageKind, OutgoingMessage } from '../types.ts';

/**
 * The functions of this file trace messages of any broker: the caller describes the message that it
 * sends or handles. These calls throw only errors of the wrapped code. Without a registered SDK
 * they call the wrapped code and do nothing else.
 */
type Send<T> = (headers: Record<string, unknown>) => T;

/** Publishes an event: something happened, and any consumer may react. */
export const publishEvent = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('event', message, send);
/** Sends a command: one receiver should do something, and may reply. */
export const sendCommand = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('command', message, send);
/** Replies to the message being handled. */
export const reply = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('reply', message, send);

/**
 * Puts a PRODUCER span around `send`, which gets the headers for the message. The span ends when
 * `send` has returned, or when the promise that it returned has settled. Convention: OpenTelemetry
 * messaging spans 1.45, operation type `send`.
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
 * Runs a handler of an adapter for one message, like `handleMessage`. `listener` is the function of
 * the application that the handler calls.
 */
export function handleOnBehalfOf<T>(
  listener: Work,
  message: IncomingMessage,
  handler: (extracted: Extracted) => T,
): T {
  const around = messageIdOf(context.active());
  if (around !== undefined) {
    // A handler by hand, below an adapter that handles the same message, adds nothing to it.
    const extracted = extractHeaders(message.headers);
    if ((extracted.id ?? message.id) === around) return handler(extracted);
  }
  const processing = attempt(() => startProcessing(message));
  if (processing === undefined)
    return handler({ context: ROOT_CONTEXT, creation: undefined, flow: undefined });
  const { span, ctx, extracted } = processing;
  return endSpanWith(span, ctx, () => handler(extracted), listener);
}

import { ROOT_CONTEXT } from '@opentelemetry/api';
import { attempt } from '../core/attempt.ts';
import { endSpanWith, type Work } from '../core/end-span.ts';
import type { Extracted } from '../core/headers.ts';
import { startProcessing, startSending } from '../core/message-spans.ts';
import type { IncomingMessage, MessageKind, OutgoingMessage } from '../types.ts';

/**
 * These calls are broker-neutral: name what you send and what you handle, whatever carries it. None
 * throws what the wrapped code did not throw; without a registered SDK they call the wrapped code
 * and nothing else happens.
 */
type Send<T> = (headers: Record<string, unknown>) => T;

/** It happened. Whoever listens, listens. */
export const publishEvent = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('event', message, send);
/** Do it: one receiver, who may reply. */
export const sendCommand = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('command', message, send);
/** The answer to the message being handled. */
export const reply = <T>(message: OutgoingMessage, send: Send<T>): T =>
  sendMessage('reply', message, send);

/**
 * Puts a PRODUCER span around `send`, which gets the headers to put on the message. The span ends
 * when the result does. Convention: OpenTelemetry messaging spans 1.45, operation type `send`.
 */
function sendMessage<T>(kind: MessageKind, message: OutgoingMessage, send: Send<T>): T {
  const sending = attempt(() => startSending(kind, message));
  if (sending === undefined) return send(attempt(() => ({ ...message.headers })) ?? {});
  const { span, ctx, headers } = sending;
  return endSpanWith(span, ctx, () => send(headers), send);
}

/**
 * Runs a handler for one message: a CONSUMER span in a trace of its own that links to the sender's
 * span, in the flow that the message's headers name. A throw marks the span failed and reaches the
 * caller unchanged.
 */
export function handleMessage<T>(
  message: IncomingMessage,
  handler: (extracted: Extracted) => T,
): T {
  return handleOnBehalfOf(handler, message, handler);
}

/** Handles a message for an adapter, which calls what the application gave it: `listener`. */
export function handleOnBehalfOf<T>(
  listener: Work,
  message: IncomingMessage,
  handler: (extracted: Extracted) => T,
): T {
  const processing = attempt(() => startProcessing(message));
  if (processing === undefined)
    return handler({ context: ROOT_CONTEXT, creation: undefined, flow: undefined });
  const { span, ctx, extracted } = processing;
  return endSpanWith(span, ctx, () => handler(extracted), listener);
}

import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { ATTR_MESSAGE_UNACKNOWLEDGED } from '../semconv.ts';
import { preciseNow } from './clock.ts';
import { hasFailed, letEnd } from './end-span.ts';

/**
 * Time that a delivery may stay unacknowledged after its handler returned, ms. Then its span ends.
 * The limit is longer if the handler returned no promise, because it may still work in callbacks.
 */
export const UNACKNOWLEDGED_AFTER_MS = { promise: 1_000, callback: 10_000 };

/**
 * Ends the span of a delivery if it is not acknowledged within `afterMs` ms. Without this limit,
 * the span would never be exported if the consumer acknowledges nothing, and its child spans would
 * lack a parent. `onEnd` is called when the time is over.
 */
export function endUnlessAcknowledged(
  span: Span,
  afterMs: number,
  onEnd: () => void = () => undefined,
): void {
  const returned = preciseNow();
  const timer = setTimeout(() => {
    onEnd();
    if (!span.isRecording()) return;
    span.setAttribute(ATTR_MESSAGE_UNACKNOWLEDGED, true);
    span.end(returned);
  }, afterMs) as { unref?: () => void };
  timer.unref?.();
}

/** Ends the span of an acknowledged delivery. */
export function endAccepted(span: Span): void {
  if (!span.isRecording()) return;
  letEnd(span);
  span.end(preciseNow());
}

/**
 * Deliveries whose handlers are running. `endRefused` is set if the delivery was rejected
 * meanwhile; it ends the span.
 */
interface Handling {
  /** Parts of the handling that run: the client's callback, and an Observable that it returned. */
  parts: number;
  endRefused?: () => void;
}
const running = new WeakMap<Span, Handling>();

/**
 * Marks the handler of a delivery as running until the returned function is called. A handler often
 * rejects its delivery first and throws then. The error tells more than the rejection, so a
 * rejection does not end the span while the handler runs.
 */
export function beginHandling(span: Span): () => void {
  const handling: Handling = running.get(span) ?? { parts: 0 };
  handling.parts++;
  running.set(span, handling);
  return () => {
    handling.parts--;
    if (handling.parts > 0) return;
    running.delete(span);
    handling.endRefused?.();
  };
}

/**
 * Ends the span of a rejected delivery, which is redelivered if `requeue` is true. The rejection is
 * recorded only if no error was recorded before. If the handler is still running, the span ends
 * when the handler does, so that an error of the handler can still be recorded, but at most after a
 * time limit.
 */
export function endRefused(span: Span, requeue: boolean): void {
  if (!span.isRecording()) return;
  if (!hasFailed(span)) {
    span.setAttribute('error.type', requeue ? 'requeued' : 'rejected');
    span.setStatus({
      code: SpanStatusCode.ERROR,
      message: requeue ? 'nacked, requeued' : 'nacked',
    });
  }
  const refused = preciseNow();
  const end = (): void => {
    if (!span.isRecording()) return;
    letEnd(span);
    span.end(hasFailed(span) ? preciseNow() : refused);
  };
  const handling = running.get(span);
  if (handling === undefined) {
    end();
    return;
  }
  const timer = setTimeout(end, UNACKNOWLEDGED_AFTER_MS.callback);
  (timer as { unref?: () => void }).unref?.();
  handling.endRefused = () => {
    clearTimeout(timer);
    end();
  };
}

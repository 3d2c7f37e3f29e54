import { SpanStatusCode, type Span } from '@opentelemetry/api';
import { ATTR_MESSAGE_UNACKNOWLEDGED } from '../semconv.ts';
import { preciseNow } from './clock.ts';
import { hasFailed, letEnd } from './end-span.ts';

/**
 * Time after which the span of a delivery ends whose handler returned without an acknowledgement,
 * ms. A handler that returned no promise may work on in callbacks, so its span ends later.
 */
export const UNACKNOWLEDGED_AFTER_MS = { promise: 1_000, callback: 10_000 };

/**
 * Ends a delivery's span as it is unless the delivery is acknowledged soon. Without this, what a
 * consumer that acknowledges nothing does would have a parent that never arrives. `onEnd` is called
 * once it has ended, here or elsewhere.
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

/** Ends the span of a delivery that was acknowledged. */
export function endAccepted(span: Span): void {
  if (!span.isRecording()) return;
  letEnd(span);
  span.end(preciseNow());
}

/**
 * Ends the span of a delivery that was refused: to be delivered again, or not. What failed before
 * says more than the refusal.
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
  letEnd(span);
  span.end(preciseNow());
}

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

/** Deliveries whose handlers run, with what ends the span of one that was refused meanwhile. */
const running = new WeakMap<Span, { endRefused?: () => void }>();

/**
 * Says that the handler of a delivery runs, until the function that this returns is called. A
 * handler often refuses its delivery and then throws: the error says more than the refusal, so a
 * refusal does not end the span while the handler runs.
 */
export function beginHandling(span: Span): () => void {
  const handling: { endRefused?: () => void } = {};
  running.set(span, handling);
  return () => {
    running.delete(span);
    handling.endRefused?.();
  };
}

/**
 * Ends the span of a delivery that was refused: to be delivered again, or not. What failed before,
 * or fails before the handler ends, says more than the refusal. A handler that does not end soon
 * is not waited for.
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

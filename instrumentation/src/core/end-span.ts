import {
  context,
  isSpanContextValid,
  SpanStatusCode,
  type Context,
  type Span,
} from '@opentelemetry/api';
import { preciseNow } from './clock.ts';
import { isThenable, watchThen } from './thenable.ts';

/** A function that the application gave us to call. */
export type Work = (...args: never[]) => unknown;

/**
 * Runs the work in `ctx`. Ends the span when the work does; its result or error passes through
 * untouched. A query builder that it returns has ended once whoever executes it has its rows; where
 * nobody does, the span ends when the builder is let go of, and says when it was returned.
 *
 * `of` is what the application gave us to call. To watch a promise is to handle its rejection, of
 * which the process then never hears where the application handles it nowhere. So from an async
 * function, whose promise nobody else can have, the caller gets one that rejects when it does; any
 * other promise stays the same object, for who has it may have handled it already, and a second one
 * would end the process.
 */
export function endSpanWith<T>(span: Span, ctx: Context, work: () => T, of: Work = work): T {
  let result: T;
  try {
    result = context.with(ctx, work);
  } catch (error) {
    endFailed(span, error);
    throw error;
  }
  const done = (): void => span.end(preciseNow());
  const failed = (error: unknown): void => endFailed(span, error);
  if (result instanceof Promise && result.then === Promise.prototype.then) {
    if (isAsync(of))
      return result.then(
        (value: unknown) => {
          done();
          return value;
        },
        (error: unknown) => {
          failed(error);
          throw error;
        },
      ) as T;
    result.then(done, failed);
  } else if (
    !isThenable(result) ||
    !isSpanContextValid(span.spanContext()) ||
    !watchThen(result, span, ctx, done, failed)
  )
    done();
  return result;
}

const isAsync = (work: Work): boolean =>
  (work as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'AsyncFunction';

/** Ends a span as failed, by whatever was thrown. */
export function endFailed(span: Span, error: unknown): void {
  const failure = error instanceof Error ? error : new Error(errorText(error));
  span.setAttribute('error.type', failure.name);
  span.recordException(failure);
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
  span.end(preciseNow());
}

/**
 * Makes a text of whatever was thrown. There are objects that cannot be made one, and saying so
 * must not replace the host's error.
 */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  try {
    return String(error);
  } catch {
    return `an ${typeof error} without a text`;
  }
}

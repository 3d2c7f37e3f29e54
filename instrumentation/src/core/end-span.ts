import {
  context,
  isSpanContextValid,
  SpanStatusCode,
  type Context,
  type Exception,
  type Span,
} from '@opentelemetry/api';
import { preciseNow } from './clock.ts';
import { isThenable, watchThen } from './thenable.ts';

/** A function of the application that we call. */
export type Work = (...args: never[]) => unknown;

/** What is done when the work of a span has ended, or has failed. */
export interface Endings {
  done: () => void;
  failed: (error: unknown) => void;
}

/** Runs the work in `ctx` and ends the span when the work ends; see `watchWork`. */
export const endSpanWith = <T>(span: Span, ctx: Context, work: () => T, of: Work = work): T =>
  watchWork(span, ctx, work, of, {
    done: () => span.end(preciseNow()),
    failed: (error) => endFailed(span, error),
  });

/**
 * Runs the work in `ctx` and calls `done` or `failed` when the work ends. The result or error of
 * the work passes through untouched. If the work returns a query builder, the work ends when the
 * code that executes the builder has the rows. If no code executes the builder, the span ends
 * when the builder is garbage-collected, with the time at which the builder was returned.
 *
 * `of` is the application's function. Watching a promise handles its rejection, so the process
 * would no longer report a rejection that the application handles nowhere. Therefore the caller
 * of an async function, whose promise no other code can hold, gets a derived promise that rejects
 * with the same error. Any other promise is returned as the same object, because code that holds
 * it may have handled its rejection already. Then the rejection of a derived promise, which
 * nobody handles, would end the process.
 */
export function watchWork<T>(
  span: Span,
  ctx: Context,
  work: () => T,
  of: Work,
  { done, failed }: Endings,
): T {
  let result: T;
  try {
    result = context.with(ctx, work);
  } catch (error) {
    failed(error);
    throw error;
  }
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

/** Ends a span as failed, with the value that was thrown, also while a framework holds its end. */
export function endFailed(span: Span, error: unknown): void {
  noteFailure(span, error);
  letEnd(span);
  span.end(preciseNow());
}

/** Makes a span end at the next call of `end`, also while a framework holds it (`holdEnd`). */
export const letEnd = (span: Span): void => {
  Reflect.deleteProperty(span, 'end');
};

/** Spans whose failure is known before they end. */
const failed = new WeakSet<Span>();
export const hasFailed = (span: Span): boolean => failed.has(span);

/** Marks a span as failed, with the value that was thrown. The first failure counts. */
export function noteFailure(span: Span, error: unknown): void {
  if (failed.has(span)) return;
  failed.add(span);
  const failure = error instanceof Error ? error : withoutStack(errorText(error));
  span.setAttribute('error.type', failure.name);
  span.recordException(recorded(failure));
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
}

/**
 * Returns an error as it is recorded: without this package's calls in its stack, which would hide
 * where the application failed. The error itself stays as it is.
 */
function recorded(error: Error): Exception {
  const { name, message, stack } = error;
  return {
    name,
    message,
    ...(typeof stack === 'string' && { stack: withoutOwnFrames(stack, OWN_FOLDER) }),
  };
}

/** Removes the calls of functions in a folder from a stack. */
export function withoutOwnFrames(stack: string, folder: string): string {
  if (folder === '' || !stack.includes(folder)) return stack;
  return stack
    .split('\n')
    .filter((line) => !(/^\s+at /.test(line) && line.includes(folder)))
    .join('\n');
}
/** The folder of this package's code; a bundle for browsers has none. */
const OWN_FOLDER = typeof __dirname === 'string' ? __dirname.replace(/[\\/]core$/, '') : '';

/** Makes the error of a value that is none. The functions of this package would be its stack. */
const withoutStack = (message: string): Error => Object.assign(new Error(message), { stack: '' });

/**
 * Turns a thrown value into text. Some objects cannot be converted; the error of such a conversion
 * must not replace the error of the host.
 */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  const message = (error as { message?: unknown } | null | undefined)?.message;
  if (typeof message === 'string') return message;
  try {
    return String(error);
  } catch {
    return `an ${typeof error} without a text`;
  }
}

import {
  context,
  isSpanContextValid,
  SpanStatusCode,
  type Context,
  type Exception,
  type Span,
} from '@opentelemetry/api';
import { spanTime } from './clock.ts';
import { isThenable, watchThen } from './thenable.ts';

/** A function of the application that this package calls. */
export type Work = (...args: never[]) => unknown;

/** Callbacks for the end of the work that a span covers: one for success, one for an error. */
export interface Endings {
  done: () => void;
  failed: (error: unknown) => void;
}

/** Runs `work` in `ctx` and ends the span when the work ends. `of` is explained at `watchWork`. */
export const endSpanWith = <T>(span: Span, ctx: Context, work: () => T, of: Work = work): T =>
  watchWork(span, ctx, work, of, {
    done: () => span.end(spanTime()),
    failed: (error) => endFailed(span, error),
  });

/**
 * Runs `work` in `ctx` and calls `done` or `failed` when the work ends. Its result or error is
 * passed on unchanged. If the work returns a query builder, the work ends when the query has been
 * executed. If the query is never executed, the span ends when the builder is garbage-collected,
 * with the time at which the builder was returned.
 *
 * `of` is the application's function. Watching a promise counts as handling its rejection, so Node
 * would no longer report an unhandled rejection of the application. Therefore, if `of` is an async
 * function, whose promise nobody else holds, the caller gets a derived promise that rejects with
 * the same error. Any other promise is returned itself, because other code may hold it and have
 * handled its rejection. A derived promise would then be an unhandled rejection and end the
 * process.
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

/**
 * Ends a span as failed with the thrown value, even if a framework is holding the span's end
 * (`holdEnd`).
 */
export function endFailed(span: Span, error: unknown): void {
  noteFailure(span, error);
  letEnd(span);
  span.end(spanTime());
}

/** Removes the hold that `holdEnd` put on a span, so that the next call of `end` ends it. */
export const letEnd = (span: Span): void => {
  Reflect.deleteProperty(span, 'end');
};

/** Spans that `noteFailure` has marked as failed. */
const failed = new WeakSet<Span>();
export const hasFailed = (span: Span): boolean => failed.has(span);

/**
 * Marks a span as failed with the thrown value. If it is called several times, the first value
 * counts.
 */
export function noteFailure(span: Span, error: unknown): void {
  if (failed.has(span)) return;
  failed.add(span);
  const failure = error instanceof Error ? error : withoutStack(errorText(error));
  span.setAttribute('error.type', failure.name);
  span.recordException(recorded(failure));
  span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
}

/**
 * Returns an error in the form in which it is recorded, without this package's own frames in the
 * stack, which would hide where the application failed. The error itself is not changed.
 */
function recorded(error: Error): Exception {
  const { name, message, stack } = error;
  return {
    name,
    message,
    ...(typeof stack === 'string' && { stack: withoutOwnFrames(stack, OWN_FOLDER) }),
  };
}

/** Returns a stack trace without the lines whose file is in `folder`. */
export function withoutOwnFrames(stack: string, folder: string): string {
  if (folder === '' || !stack.includes(folder)) return stack;
  return stack
    .split('\n')
    .filter((line) => !(/^\s+at /.test(line) && line.includes(folder)))
    .join('\n');
}
/**
 * Folder of this package's code. It is empty in a browser bundle, where `__dirname` does not exist.
 */
const OWN_FOLDER = typeof __dirname === 'string' ? __dirname.replace(/[\\/]core$/, '') : '';

/**
 * Makes an error for a thrown value that is not an Error. Its stack is emptied, because it would
 * only show functions of this package.
 */
const withoutStack = (message: string): Error => Object.assign(new Error(message), { stack: '' });

/**
 * Returns the text of a thrown value. It never throws, although the conversion of some objects
 * does, because a second error would hide the application's error.
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

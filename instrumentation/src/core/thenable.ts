import { context, type Context, type Span } from '@opentelemetry/api';
import { preciseNow } from './clock.ts';

type Settled = ((value: unknown) => unknown) | null | undefined;

/**
 * Ends the span by `done` or `failed` when the thenable settles, by watching the caller's first
 * call of `then`. This package must not call `then` itself: the thenable may be a query builder,
 * which executes its query at every call of `then`. Returns false if the thenable cannot be
 * watched.
 */
export function watchThen(
  thenable: PromiseLike<unknown>,
  span: Span,
  ctx: Context,
  done: () => void,
  failed: (error: unknown) => void,
): boolean {
  // `then` is usually a method of the class. It is an own property of the object if an outer step
  // watches the same thenable; then it must be restored.
  const own = Object.getOwnPropertyDescriptor(thenable, 'then');
  const then = thenable.then.bind(thenable);
  const watched = (onDone?: Settled, onFailed?: Settled): unknown => {
    unexecuted.unregister(span);
    if (own === undefined) Reflect.deleteProperty(thenable, 'then');
    else Reflect.defineProperty(thenable, 'then', own);
    const caller = context.active();
    // The query runs in the step's context, but the caller's callbacks run in the caller's context.
    return context.with(ctx, () =>
      then(
        (value) => {
          done();
          return typeof onDone === 'function'
            ? context.with(caller, onDone, undefined, value)
            : value;
        },
        (error: unknown) => {
          failed(error);
          if (typeof onFailed === 'function')
            return context.with(caller, onFailed, undefined, error);
          throw error;
        },
      ),
    );
  };
  if (
    !Reflect.defineProperty(thenable, 'then', {
      value: watched,
      configurable: true,
      writable: true,
    })
  )
    return false;
  unexecuted.register(thenable, { span, returned: preciseNow() }, span);
  return true;
}

/**
 * Ends the spans of thenables that were garbage-collected without a call of `then`. Such a query
 * was executed in another way or never.
 */
const unexecuted = new FinalizationRegistry<{ span: Span; returned: number }>(
  ({ span, returned }) => span.end(returned),
);

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { then?: unknown }).then === 'function'
  );
}

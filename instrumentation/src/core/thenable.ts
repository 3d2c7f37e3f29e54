import { context, type Context, type Span } from '@opentelemetry/api';
import { preciseNow } from './clock.ts';

type Settled = ((value: unknown) => unknown) | null | undefined;

/**
 * Watches the first call of `then` by the caller: ends the span by `done` or `failed` when the
 * thenable settles. A thenable that is no promise may be a query builder, which executes the query
 * each time its `then` is called, so a call of `then` by this package would execute the query once
 * more. Returns false if the thenable cannot be watched.
 */
export function watchThen(
  thenable: PromiseLike<unknown>,
  span: Span,
  ctx: Context,
  done: () => void,
  failed: (error: unknown) => void,
): boolean {
  // `then` is mostly a method of the thenable's class. It is the object's own property if an outer
  // step watches the thenable, too.
  const own = Object.getOwnPropertyDescriptor(thenable, 'then');
  const then = thenable.then.bind(thenable);
  const watched = (onDone?: Settled, onFailed?: Settled): unknown => {
    unexecuted.unregister(span);
    if (own === undefined) Reflect.deleteProperty(thenable, 'then');
    else Reflect.defineProperty(thenable, 'then', own);
    const caller = context.active();
    // The query that this call executes belongs to the step, but the caller's callbacks run in the
    // caller's context.
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
 * Ends the spans of thenables that were garbage-collected without a call of `then`, because they
 * were executed in another way, or never.
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

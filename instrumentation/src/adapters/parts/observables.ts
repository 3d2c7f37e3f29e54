import { context, type Context } from '@opentelemetry/api';

/** The parts of an rxjs Observable that the adapter of Nest uses. */
export interface Observable {
  lift: unknown;
  subscribe: (...args: unknown[]) => { unsubscribe: () => void };
}

export const isObservable = (value: unknown): value is Observable =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as Observable).lift === 'function' &&
  typeof (value as Observable).subscribe === 'function';

type Observer = Partial<Record<'next' | 'error' | 'complete' | 'add', (value?: unknown) => void>>;

/**
 * Returns a derived Observable that is subscribed to in the context `ctx`. It calls `end` when it
 * completes, fails or is unsubscribed. The given Observable stays unchanged, because it may have
 * other subscribers.
 */
export function watchObservable(
  observable: Observable,
  ctx: Context,
  end: (failure?: { error: unknown }) => void,
): Observable {
  const watched = Object.create(observable) as Observable;
  watched.subscribe = (...given) => {
    const observer = observerOf(given);
    const subscription = context.with(ctx, () =>
      observable.subscribe({
        next: (value: unknown) => observer.next?.(value),
        error: (error: unknown) => {
          end({ error });
          fail(observer, error);
        },
        complete: () => {
          end();
          observer.complete?.();
        },
      }),
    );
    (subscription as unknown as { add: (teardown: () => void) => void }).add(() => end());
    observer.add?.(subscription);
    return subscription;
  };
  return watched;
}

/** Subscribes in one context, where what the Observable says is heard in another. */
export function subscribeIn(
  inside: Context,
  outside: Context,
  observable: Observable,
  given: readonly unknown[],
): ReturnType<Observable['subscribe']> {
  const observer = observerOf(given);
  const heard = (what: () => unknown): unknown => context.with(outside, what);
  const subscription = context.with(inside, () =>
    observable.subscribe({
      next: (value: unknown) => heard(() => observer.next?.(value)),
      error: (error: unknown) => heard(() => fail(observer, error)),
      complete: () => heard(() => observer.complete?.()),
    }),
  );
  observer.add?.(subscription);
  return subscription;
}

/**
 * Tells an observer of a failure. One that hears no failures has them thrown here, because rxjs
 * reports what an observer throws as unhandled, as it does with a failure that nobody hears.
 */
function fail(observer: Observer, error: unknown): void {
  if (typeof observer.error !== 'function') throw error;
  observer.error(error);
}

/** Returns the observer that `subscribe` was given, which may be three functions. */
const observerOf = (given: readonly unknown[]): Observer =>
  typeof given[0] === 'function' || given[0] === undefined || given[0] === null
    ? ({ next: given[0], error: given[1], complete: given[2] } as Observer)
    : given[0];

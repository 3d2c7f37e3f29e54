import { context, type Context } from '@opentelemetry/api';

/** What is used of an Observable of rxjs. */
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
 * Returns the Observable with its subscription in the message's context. `end` is called when it
 * completes or fails, or when nobody listens any more. The given one may be subscribed to
 * elsewhere, so it stays as it is.
 */
export function watchObservable(
  observable: Observable,
  ctx: Context,
  end: (failure?: { error: unknown }) => void,
): Observable {
  const watched = Object.create(observable) as Observable;
  watched.subscribe = (...given) => {
    const observer: Observer =
      typeof given[0] === 'function' || given[0] === undefined || given[0] === null
        ? ({ next: given[0], error: given[1], complete: given[2] } as Observer)
        : given[0];
    const subscription = context.with(ctx, () =>
      observable.subscribe({
        next: (value: unknown) => observer.next?.(value),
        error: (error: unknown) => {
          end({ error });
          observer.error?.(error);
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

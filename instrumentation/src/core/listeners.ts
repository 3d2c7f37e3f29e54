export type Listener = (...args: unknown[]) => unknown;

/**
 * Properties of a wrapper that hold the original listener. Emitters look there when a listener is
 * removed: Node's at `listener`, component-emitter at `fn`.
 */
interface StandsFor {
  listener: Listener;
  fn: Listener;
}

/**
 * Methods that add listeners, on Node's emitters and on component-emitter. `by` is the method that
 * adds the wrapper. `once` is true for methods whose listener runs only once.
 */
const ADDING: Record<string, { by: string; once: boolean }> = {
  on: { by: 'on', once: false },
  addListener: { by: 'addListener', once: false },
  addEventListener: { by: 'addEventListener', once: false },
  prependListener: { by: 'prependListener', once: false },
  once: { by: 'on', once: true },
  prependOnceListener: { by: 'prependListener', once: true },
};

/**
 * Patches an emitter so that it adds the result of `wrap` instead of each listener. `wrap` may
 * return the listener itself. `ordinal` is the number of listeners that the event has before. There
 * is no table of wrappers, because the emitter finds a wrapper by the properties of `StandsFor`
 * when the application removes the listener.
 */
export function wrapListeners(
  target: object,
  wrap: (event: string | symbol, listener: Listener, ordinal: number) => Listener,
): void {
  const methods = target as Record<string, Listener | undefined>;
  const countOf = (event: string | symbol): number =>
    Number(
      methods['listenerCount']?.call(target, event) ??
        (methods['listeners']?.call(target, event) as unknown[] | undefined)?.length ??
        0,
    );
  const remove = methods['removeListener']?.bind(target);
  const wrappers = new WeakSet<Listener>();
  const originals: Record<string, Listener> = {};
  for (const name of Object.keys(ADDING)) {
    const method = methods[name];
    if (typeof method === 'function') originals[name] = (...args) => method.apply(target, args);
  }
  for (const [name, { by, once }] of Object.entries(ADDING)) {
    const original = originals[name];
    const add = originals[by];
    if (original === undefined || add === undefined) continue;
    methods[name] = (...args) => {
      const [event, listener] = args as [string | symbol, Listener];
      // A value that is not a function is passed on, so that the emitter rejects it. A wrapper that
      // the application got from `rawListeners` is not wrapped again.
      if (typeof listener !== 'function' || wrappers.has(listener)) return original(...args);
      const instead = wrap(event, listener, countOf(event));
      if (instead === listener) return original(...args);
      let called = false;
      const wrapper: Listener = Object.assign<Listener, StandsFor>(
        once
          ? function (this: unknown, ...given: unknown[]) {
              if (called) return undefined;
              called = true;
              remove?.(event, wrapper);
              return instead.apply(this, given);
            }
          : instead,
        { listener, fn: listener },
      );
      wrappers.add(wrapper);
      return add(event, wrapper);
    };
  }
}

export type Listener = (...args: unknown[]) => unknown;

/**
 * The original listener, under the names by which Node's emitters and component-emitter find it on
 * a wrapper.
 */
interface StandsFor {
  listener: Listener;
  fn: Listener;
}

/**
 * Methods that add listeners, on Node's emitters and on component-emitter; some for one event only.
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
 * Lets `wrap` replace each listener that is added from now on (it may return the listener itself).
 * Emitters find a listener by the wrapper that stands for it, so they remove it themselves, and no
 * table is kept here. `ordinal`: number of listeners that the event already has.
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
      // A value that is no function is rejected as always; a wrapper (from `rawListeners`) is added
      // as it is.
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

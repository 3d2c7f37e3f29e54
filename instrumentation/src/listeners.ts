/** Not exported, not even transitively. */
export type Listener = (...args: unknown[]) => unknown;

/** Methods by which listeners come and go, on Node's emitters and on those of browsers' libraries. */
const ADDING = ['on', 'addListener', 'prependListener', 'once', 'prependOnceListener'];
const REMOVING = ['off', 'removeListener'];

/**
 * From now on `wrap` decides what is called in the place of a listener that is added (itself, where it does not matter);
 * whoever added a listener can still remove it.
 */
export function wrapListeners(
  target: object,
  wrap: (event: string | symbol, listener: Listener) => Listener,
): void {
  const methods = target as Record<string, unknown>;
  const replace = (
    names: readonly string[],
    by: (original: Listener, event: string | symbol, listener: Listener) => unknown,
  ): void => {
    for (const name of names) {
      const original = methods[name];
      if (typeof original !== 'function') continue;
      const bound = original.bind(target) as Listener;
      methods[name] = (event: string | symbol, listener: Listener) => by(bound, event, listener);
    }
  };
  /** One listener may hear several events, and what stands in its place differs. */
  const wrapped = new WeakMap<Listener, Map<string | symbol, Listener>>();
  const insteadOf = (event: string | symbol, listener: Listener): Listener => {
    let byEvent = wrapped.get(listener);
    if (byEvent === undefined) wrapped.set(listener, (byEvent = new Map<string | symbol, Listener>()));
    let instead = byEvent.get(event);
    if (instead === undefined) {
      byEvent.set(event, (instead = wrap(event, listener)));
      // `listeners(event)` gives the listener that was added by this.
      if (instead !== listener) (instead as Listener & { listener: Listener }).listener = listener;
    }
    return instead;
  };
  let adding = false;
  replace(ADDING, (add, event, listener) => {
    // `once` adds by `on`: what it adds is wrapped already. What is no listener is refused as always.
    if (adding || typeof listener !== 'function') return add(event, listener);
    adding = true;
    try {
      return add(event, insteadOf(event, listener));
    } finally {
      adding = false;
    }
  });
  replace(REMOVING, (remove, event, listener) =>
    remove(event, wrapped.get(listener)?.get(event) ?? listener),
  );
}

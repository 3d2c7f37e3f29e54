/** Passes values from an emitter to one listener. The two can be created in either order. */
export interface Signal<T> {
  emit: (value: T) => void;
  /**
   * Sets the only listener. It gets the values that are emitted from now on; earlier values are
   * lost.
   */
  listen(listener: (value: T) => void): void;
}

export function createSignal<T>(): Signal<T> {
  let listener: ((value: T) => void) | undefined;
  return {
    emit: (value) => listener?.(value),
    listen(to) {
      if (listener !== undefined) throw new Error('a signal has one listener');
      listener = to;
    },
  };
}

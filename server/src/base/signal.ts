/** Passes values from an emitter to a single listener. Either of them can be created first. */
export interface Signal<T> {
  emit: (value: T) => void;
  /** Sets the only listener. Values emitted before this call are lost. */
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

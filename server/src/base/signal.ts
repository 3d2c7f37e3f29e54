/** Tells a listener that may come later than the one who tells: neither has to be made first. */
export interface Signal<T> {
  emit: (value: T) => void;
  /** From now on; what was told before is gone. One listener at most. */
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

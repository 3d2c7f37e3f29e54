/** Runs events in virtual time, in order of their time. An event may schedule others. */
export interface Agenda {
  at(ms: number, task: () => void): void;
  /** Runs events until none is left. */
  run(): void;
}

export function createAgenda(): Agenda {
  /**
   * Binary heap of events by time and then by order of scheduling, so that a seed always gives the
   * same history.
   */
  const heap: { ms: number; number: number; task: () => void }[] = [];
  let planned = 0;
  const isBefore = (a: number, b: number): boolean =>
    heap[a]!.ms < heap[b]!.ms || (heap[a]!.ms === heap[b]!.ms && heap[a]!.number < heap[b]!.number);
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const takeFirst = (): { task: () => void } => {
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2];
      let least = at;
      if (left < heap.length && isBefore(left, least)) least = left;
      if (right < heap.length && isBefore(right, least)) least = right;
      if (least === at) return first;
      swap(at, least);
      at = least;
    }
  };
  return {
    at(ms, task) {
      heap.push({ ms, number: planned++, task });
      for (let at = heap.length - 1; at > 0;) {
        const above = (at - 1) >> 1;
        if (!isBefore(at, above)) break;
        swap(at, above);
        at = above;
      }
    },
    run() {
      while (heap.length > 0) takeFirst().task();
    },
  };
}

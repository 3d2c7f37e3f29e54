import type { Clock } from './clock.ts';

/**
 * Calls back with each key whose deadline has passed. All deadlines share one binary heap and one
 * timer, so nothing is polled. When a key gets another deadline, its old heap entry remains and is
 * skipped later.
 */
export interface Deadlines {
  /** Sets the deadline of `key` to `atMs`, epoch ms. Replaces an earlier deadline of the key. */
  set(key: string, atMs: number): void;
  clear(key: string): void;
  readonly size: number;
  stop(): void;
}

/**
 * Maximum number of keys in one callback. Further due keys follow in the next run of the timer,
 * because handling a thousand deadlines at once would delay responses to requests.
 */
const MAX_AT_ONCE = 100;

interface Entry {
  at: number;
  key: string;
}

export function createDeadlines(clock: Clock, onDue: (keys: string[]) => void): Deadlines {
  const current = new Map<string, number>();
  const heap: Entry[] = [];
  let cancel: (() => void) | undefined;
  let armedFor = Infinity;
  let stopped = false;

  const push = (entry: Entry): void => {
    heap.push(entry);
    let i = heap.length - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if (heap[up]!.at <= heap[i]!.at) break;
      [heap[up], heap[i]] = [heap[i]!, heap[up]!];
      i = up;
    }
  };
  const pop = (): Entry => {
    const top = heap[0]!;
    const last = heap.pop()!;
    if (heap.length > 0) {
      heap[0] = last;
      let i = 0;
      for (;;) {
        const left = 2 * i + 1;
        if (left >= heap.length) break;
        const right = left + 1;
        const small = right < heap.length && heap[right]!.at < heap[left]!.at ? right : left;
        if (heap[i]!.at <= heap[small]!.at) break;
        [heap[small], heap[i]] = [heap[i]!, heap[small]!];
        i = small;
      }
    }
    return top;
  };
  const arm = (): void => {
    const next = heap[0]?.at ?? Infinity;
    if (stopped || next === armedFor) return;
    cancel?.();
    cancel = undefined;
    armedFor = next;
    if (next !== Infinity) cancel = clock.after(next - clock.now(), wake);
  };
  const wake = (): void => {
    armedFor = Infinity;
    const due: string[] = [];
    while (heap.length > 0 && heap[0]!.at <= clock.now() && due.length < MAX_AT_ONCE) {
      const { key, at } = pop();
      if (current.get(key) !== at) continue;
      current.delete(key);
      due.push(key);
    }
    if (due.length > 0) onDue(due);
    arm();
  };
  return {
    set(key, atMs) {
      if (current.get(key) === atMs) return;
      current.set(key, atMs);
      push({ at: atMs, key });
      // The heap also contains outdated entries of keys that got another deadline. Rebuild it
      // before they outnumber the valid entries.
      if (heap.length > 64 && heap.length > current.size * 2) {
        heap.length = 0;
        for (const [k, at] of current) push({ at, key: k });
      }
      arm();
    },
    clear: (key) => void current.delete(key),
    get size() {
      return current.size;
    },
    stop() {
      stopped = true;
      cancel?.();
      current.clear();
      heap.length = 0;
    },
  };
}

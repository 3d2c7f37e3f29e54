import type { FlowChanged } from '../contract/index.ts';

/**
 * Keeps recent changes, so that a client whose connection was interrupted briefly gets only the
 * changes that it missed.
 */
export interface History {
  add(change: Omit<FlowChanged, 'sequence'>): FlowChanged;
  /**
   * Returns the newest change of each flow after the sequence number `number`; null if the history
   * does not reach back that far.
   */
  since(number: number): FlowChanged[] | null;
  /**
   * Records that changes happened which were not kept. Clients that missed them must load their
   * data again.
   */
  skip(): void;
  readonly last: number;
}

export function createHistory(capacity: number): History {
  let changes: FlowChanged[] = [];
  let last = 0;
  return {
    add(change) {
      const numbered: FlowChanged = { ...change, sequence: ++last };
      changes.push(numbered);
      if (changes.length > capacity * 2) changes = changes.slice(-capacity);
      return numbered;
    },
    since(number) {
      if (number > last || number < 0) return null;
      const oldest = changes[0]?.sequence ?? last + 1;
      if (number < oldest - 1) return null;
      const newest = new Map<string, FlowChanged>();
      for (let i = changes.length - 1; i >= 0 && changes[i]!.sequence > number; i--) {
        const change = changes[i]!;
        if (!newest.has(change.id)) newest.set(change.id, change);
      }
      return [...newest.values()].reverse();
    },
    skip() {
      last++;
      changes = [];
    },
    get last() {
      return last;
    },
  };
}

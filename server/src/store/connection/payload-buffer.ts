import { sizeOf } from './journal-record.ts';

/**
 * Stores payloads one after the other in one reused buffer. Many separate buffers that live for
 * seconds would cause garbage collections of the whole heap.
 */
export interface PayloadBuffer {
  readonly size: number;
  readonly memory: Buffer;
  add(payload: readonly Buffer[]): void;
  all(): Buffer;
  each(): Buffer[];
  /** Keeps only the given payloads, which must be buffers that `each()` returned. */
  keep(payloads: readonly Buffer[]): void;
}

export function createPayloadBuffer(
  memory: Buffer = Buffer.allocUnsafeSlow(1024 * 1024),
): PayloadBuffer {
  let ends: number[] = [];
  const size = (): number => ends.at(-1) ?? 0;
  const add = (payload: readonly Buffer[]): void => {
    const from = size();
    const to = from + sizeOf(payload);
    if (to > memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * memory.length, to));
      memory.copy(larger, 0, 0, from);
      memory = larger;
    }
    let at = from;
    for (const part of payload) at += part.copy(memory, at);
    ends.push(to);
  };
  return {
    get size() {
      return size();
    },
    get memory() {
      return memory;
    },
    add,
    all: () => memory.subarray(0, size()),
    each: () => ends.map((end, i) => memory.subarray(ends[i - 1] ?? 0, end)),
    keep(payloads) {
      // Copy in ascending order, so that no payload is overwritten before it is moved.
      ends = [];
      for (const payload of payloads) add([payload]);
    },
  };
}

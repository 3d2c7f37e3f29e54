/**
 * Memory that is used again. A buffer that outlives two minor collections is found to be dead only by collecting the
 * whole heap, and V8 does that for each 64 MB of such buffers (`external memory pressure` in
 * `--trace-incremental-marking`), however much room the heap has: at 25,000 spans/s every 1.6 s.
 */
export interface Memory {
  /** So many bytes, of whatever content. */
  lease(bytes: number): Lease;
  /** Bytes that nobody uses now. */
  readonly kept: number;
}

/** Given back once; who never gives it back leaves it to the collector. */
export interface Lease {
  /** Another buffer after `resize`; empty once it was given back. */
  readonly bytes: Buffer;
  /** The same bytes, or the first of them, and whatever behind them. */
  resize(bytes: number): void;
  /** Nobody looks at `bytes` any more. */
  release(): void;
}

/** Sizes are powers of two: 1 KiB … 16 MiB; what is larger is not kept. */
const SMALLEST = 10;
const LARGEST = 24;
const NOTHING = Buffer.alloc(0);

export function createMemory(mostKept = 32 * 1024 * 1024): Memory {
  const free: ArrayBuffer[][] = Array.from({ length: LARGEST + 1 }, () => []);
  let kept = 0;
  const take = (bytes: number): ArrayBuffer => {
    const power = Math.max(SMALLEST, Math.ceil(Math.log2(Math.max(1, bytes))));
    const known = free[power]?.pop();
    if (known === undefined) return new ArrayBuffer(2 ** power);
    kept -= known.byteLength;
    return known;
  };
  const give = (memory: ArrayBuffer): void => {
    const list = free[Math.log2(memory.byteLength)];
    if (list === undefined || kept + memory.byteLength > mostKept) return;
    kept += memory.byteLength;
    list.push(memory);
  };
  return {
    get kept() {
      return kept;
    },
    lease(size) {
      let memory = take(size);
      let bytes = Buffer.from(memory, 0, size);
      return {
        get bytes() {
          return bytes;
        },
        resize(to) {
          const former = memory;
          if (to > former.byteLength) {
            memory = take(to);
            bytes.copy(Buffer.from(memory));
            give(former);
          }
          bytes = Buffer.from(memory, 0, to);
        },
        release() {
          if (bytes === NOTHING) return;
          bytes = NOTHING;
          give(memory);
        },
      };
    },
  };
}

/**
 * A pool of reusable buffers. Without it, buffers that survive two minor garbage collections are
 * freed only by a collection of the whole heap. V8 starts such a collection after every 64 MB of
 * these buffers, however small the heap is (`external memory pressure` in
 * `--trace-incremental-marking`). At 25,000 spans/s that is every 1.6 s.
 */
export interface Memory {
  /** Leases a buffer of this size. Its content is undefined. */
  lease(bytes: number): Lease;
  /** Total size of the free buffers in the pool, bytes. Leased buffers are not included. */
  readonly kept: number;
}

/** A leased buffer. If it is never released, the garbage collector frees its memory. */
export interface Lease {
  /**
   * The leased buffer, which may be another one after `resize`. Reading it after `release` throws,
   * because another lease may use the memory by then.
   */
  readonly bytes: Buffer;
  /** Number of bytes of memory that the lease occupies, up to twice the leased size. */
  readonly capacity: number;
  /** Changes the size of the buffer. The leading bytes are kept. Additional bytes are undefined. */
  resize(bytes: number): void;
  /** Returns the memory to the pool. Afterwards `bytes` must not be read. */
  release(): void;
}

/**
 * Exponents of the smallest and the largest buffer size in the pool. Sizes are powers of two, from
 * 16 KiB to 16 MiB. Other buffers are not reused, and those below 16 KiB have exactly the requested
 * size.
 */
const MIN_SIZE = 14;
const LARGEST = 24;
const GIVEN_BACK = Buffer.alloc(0);

/** Returns the exponent of the smallest power of two that is at least `bytes`. */
const powerOf = (bytes: number): number => (bytes <= 1 ? 0 : 32 - Math.clz32(bytes - 1));
const isKept = (power: number): boolean => power >= MIN_SIZE && power <= LARGEST;

interface SizeClass {
  free: Buffer[];
  /** Number of the last lease of this size. Leases are numbered in ascending order. */
  lastUse: number;
}

export function createMemory(mostKept = 32 * 1024 * 1024): Memory {
  const classes: SizeClass[] = Array.from({ length: LARGEST + 1 }, () => ({
    free: [],
    lastUse: 0,
  }));
  let kept = 0;
  let uses = 0;

  const take = (bytes: number): Buffer => {
    const power = powerOf(bytes);
    if (!isKept(power)) return Buffer.allocUnsafeSlow(power < MIN_SIZE ? bytes : 2 ** power);
    const of = classes[power]!;
    of.lastUse = ++uses;
    const known = of.free.pop();
    if (known === undefined) return Buffer.allocUnsafeSlow(2 ** power);
    kept -= known.length;
    return known;
  };
  const give = (memory: Buffer): void => {
    const power = powerOf(memory.length);
    if (!isKept(power) || memory.length !== 2 ** power) return;
    const of = classes[power]!;
    // The pool is full. Make room by freeing buffers of sizes that were leased less recently.
    while (kept + memory.length > mostKept) {
      const eldest = classes
        .filter(({ free, lastUse }) => free.length > 0 && lastUse < of.lastUse)
        .sort((a, b) => a.lastUse - b.lastUse)[0];
      if (eldest === undefined) return;
      kept -= eldest.free.pop()!.length;
    }
    kept += memory.length;
    of.free.push(memory);
  };

  return {
    get kept() {
      return kept;
    },
    lease: (bytes) => new Leased(take(bytes), bytes, take, give),
  };
}

/**
 * This is a class and not a closure, because a closure needs four times the memory and thousands of
 * leases may exist at once.
 */
class Leased implements Lease {
  private content: Buffer;
  private memory: Buffer;
  private readonly take: (bytes: number) => Buffer;
  private readonly give: (memory: Buffer) => void;

  constructor(
    memory: Buffer,
    size: number,
    take: (bytes: number) => Buffer,
    give: (memory: Buffer) => void,
  ) {
    this.memory = memory;
    this.content = memory.length === size ? memory : memory.subarray(0, size);
    this.take = take;
    this.give = give;
  }

  get bytes(): Buffer {
    if (this.memory === GIVEN_BACK) throw new Error('this memory was given back');
    return this.content;
  }

  get capacity(): number {
    return this.memory.length;
  }

  resize(size: number): void {
    const { bytes, memory: former } = this;
    if (size > former.length) {
      this.memory = this.take(size);
      bytes.copy(this.memory);
      this.give(former);
    }
    this.content = this.memory.subarray(0, size);
  }

  release(): void {
    if (this.memory === GIVEN_BACK) return;
    this.give(this.memory);
    this.memory = GIVEN_BACK;
    this.content = GIVEN_BACK;
  }
}

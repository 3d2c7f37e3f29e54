/**
 * Pools buffers for reuse. Without the pool, buffers that survive two minor collections are freed
 * only by a collection of the whole heap. V8 starts such a collection for every 64 MB of these
 * buffers, however much room the heap has (`external memory pressure` in
 * `--trace-incremental-marking`): at 25,000 spans/s every 1.6 s.
 */
export interface Memory {
  /** Leases a buffer of `bytes` bytes, whose content is undefined. */
  lease(bytes: number): Lease;
  /** Number of bytes of the free buffers in the pool; leased buffers do not count. */
  readonly kept: number;
}

/**
 * Holds a leased buffer until `release`. If a lease is never released, the garbage collector frees
 * its memory.
 */
export interface Lease {
  /**
   * Returns the leased buffer; after `resize` it may be another buffer. Throws after `release`,
   * because the memory may then hold the data of another lease.
   */
  readonly bytes: Buffer;
  /**
   * Counts the bytes of memory that the lease occupies, which is up to twice the size that was
   * leased.
   */
  readonly capacity: number;
  /**
   * Changes the size of the buffer. Its leading bytes are kept; the content after them is
   * undefined.
   */
  resize(bytes: number): void;
  /** Returns the memory to the pool. After that, `bytes` must not be read any more. */
  release(): void;
}

/**
 * Exponents of the smallest and the largest pooled size. Pooled sizes are powers of two, from 16
 * KiB to 16 MiB. Buffers of other sizes are not pooled. A smaller buffer occupies only the bytes
 * that it needs.
 */
const MIN_SIZE = 14;
const LARGEST = 24;
const GIVEN_BACK = Buffer.alloc(0);

/** Returns the exponent of the smallest power of two that is at least `bytes`. */
const powerOf = (bytes: number): number => (bytes <= 1 ? 0 : 32 - Math.clz32(bytes - 1));
const isKept = (power: number): boolean => power >= MIN_SIZE && power <= LARGEST;

interface SizeClass {
  free: Buffer[];
  /** Holds the number of the last lease of this size; leases are numbered in order. */
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
    // To make room, free buffers of sizes that were leased less recently than the size of `memory`.
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
 * This is a class and not a closure, because thousands of requests may wait with one lease each,
 * and a closure takes four times the memory.
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

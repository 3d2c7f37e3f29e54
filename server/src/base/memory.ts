/**
 * Pools buffers, so that they are reused. A buffer that outlives two minor collections is found
 * dead only by a collection of the whole heap, and V8 starts one for each 64 MB of such buffers
 * (`external memory pressure` in `--trace-incremental-marking`), however much room the heap has: at
 * 25,000 spans/s every 1.6 s.
 */
export interface Memory {
  /** Leases a buffer of this many bytes; its content is undefined. */
  lease(bytes: number): Lease;
  /** Counts the pooled bytes that are not leased. */
  readonly kept: number;
}

/**
 * Lends a buffer, which is released once. A lease that is never released is left to the garbage
 * collector.
 */
export interface Lease {
  /**
   * Returns the leased buffer, another one after `resize`. Access after `release` throws: rows in
   * memory that has another holder must not count as written.
   */
  readonly bytes: Buffer;
  /** Counts the bytes of memory that the lease takes: up to twice its size. */
  readonly capacity: number;
  /** Keeps the leading bytes; the content behind them is undefined. */
  resize(bytes: number): void;
  /** Returns the memory to the pool; `bytes` must not be read any more. */
  release(): void;
}

/**
 * Pooled sizes are powers of two, 16 KiB … 16 MiB, given here as exponents. Smaller and larger
 * buffers are not pooled and take no more than they need.
 */
const MIN_SIZE = 14;
const LARGEST = 24;
const GIVEN_BACK = Buffer.alloc(0);

/** Returns the exponent of the smallest power of two that is at least `bytes`. */
const powerOf = (bytes: number): number => (bytes <= 1 ? 0 : 32 - Math.clz32(bytes - 1));
const isKept = (power: number): boolean => power >= MIN_SIZE && power <= LARGEST;

interface SizeClass {
  free: Buffer[];
  /** Holds the sequence number of the last lease of this size. */
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
    // Evict buffers of sizes that were used less recently than this one.
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
 * Is a class and not a closure, because thousands of requests may wait with one each: a closure
 * takes four times the memory.
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

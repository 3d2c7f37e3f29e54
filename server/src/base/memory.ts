/**
 * Memory that is used again. A buffer that outlives two minor collections is found to be dead only
 * by collecting the whole heap, and V8 does that for each 64 MB of such buffers (`external memory
 * pressure` in `--trace-incremental-marking`), however much room the heap has: at 25,000 spans/s
 * every 1.6 s.
 */
export interface Memory {
  /** So many bytes, of whatever content. */
  lease(bytes: number): Lease;
  /** Bytes that nobody uses now. */
  readonly kept: number;
}

/** Given back once; who never gives it back leaves it to the collector. */
export interface Lease {
  /**
   * Another buffer after `resize`. Throws once it was given back: rows that are nobody's must not
   * count as written.
   */
  readonly bytes: Buffer;
  /** What it takes, bytes: up to twice as much. */
  readonly capacity: number;
  /** The same bytes, or the first of them, and whatever behind them. */
  resize(bytes: number): void;
  /** Nobody looks at `bytes` any more. */
  release(): void;
}

/**
 * Sizes are powers of two: 16 KiB … 16 MiB. What is smaller, or larger, is not kept and takes no
 * more than it needs.
 */
const MIN_SIZE = 14;
const LARGEST = 24;
const GIVEN_BACK = Buffer.alloc(0);

/** Of the smallest power of two that is not less. */
const powerOf = (bytes: number): number => (bytes <= 1 ? 0 : 32 - Math.clz32(bytes - 1));
const isKept = (power: number): boolean => power >= MIN_SIZE && power <= LARGEST;

interface SizeClass {
  free: Buffer[];
  /** Number of the last lease. */
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
    // Sizes that were in demand once make room for those that are now.
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
 * A class, because thousands of requests may wait with one each: what closes over variables takes
 * four times as much.
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

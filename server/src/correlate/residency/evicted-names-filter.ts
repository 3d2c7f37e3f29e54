import { HASH_BYTES, hashed, hashName } from '../../base/name-hash.ts';

/**
 * The filter holds the names (traces, ids, messages, keys) of evicted flows, so that the store is
 * asked about a late span only when it probably has something. It is a Bloom filter with 32 bits
 * for each name. Every name that was added is found. Of 100,000 other names, a few are found by
 * mistake, and each mistake costs a query of the store.
 *
 * To bound memory, the filter keeps two generations of names. When a third generation begins, the
 * names of open flows are added again, and then the oldest generation is dropped.
 */
export interface EvictedNamesFilter {
  /**
   * Adds a name, which is the prefix followed by the text. The two are passed separately, because
   * joining them for every span cost more than the lookup.
   */
  add(prefix: string, text: string): void;
  /** Adds names by their hashes (`hashesOf`). */
  addHashes(hashes: Buffer): void;
  has(prefix: string, text: string): boolean;
  readonly size: number;
  /** Minimum number of names that the filter can hold: the capacity of one generation. */
  readonly most: number;
  /**
   * True if a rotation is due: call `beginRotation`, add the names that must stay, then call
   * `rotate`.
   */
  readonly isCrowded: boolean;
  beginRotation(): void;
  rotate(): void;
}

/**
 * One Bloom filter. All bits of a name lie within one cache line of the processor (Putze, Sanders
 * and Singler 2007). When the bits were spread over several megabytes, adding a name took 0.7 µs.
 */
interface Filter {
  words: Uint32Array;
  lines: number;
  capacity: number;
  count: number;
}
/**
 * A generation is a list of filters, each larger than the one before it, so that a server with few
 * flows needs little memory.
 */
type Generation = Filter[];

const BITS_PER_NAME = 32;
const HASHES = 12;
const LINE_BITS = 512;
const LINE_WORDS = LINE_BITS / 32;
/**
 * Sizes of the Bloom filters that one generation adds one after the other, in cache lines of 64
 * bytes: 1, 8 and 32 MiB. Together they hold 11 million names.
 */
const GENERATION = [2 ** 14, 2 ** 17, 2 ** 19];
const MAX_GENERATIONS = 2;

const capacityOf = (lines: number): number => Math.floor((lines * LINE_BITS) / BITS_PER_NAME);

export function createEvictedNamesFilter(
  sizes: readonly number[] = GENERATION,
): EvictedNamesFilter {
  /** Generations of names, oldest first. */
  const generations: Generation[] = [[]];
  let size = 0;
  /** Number of oldest generations that the next `rotate` drops. */
  let leaving = 0;
  /**
   * Number of generations above which a rotation is due. It exceeds two if the last rotation left
   * more than two generations, because many names had to stay.
   */
  let mostGenerations = MAX_GENERATIONS;
  const roomy = (): Filter => {
    let generation = generations[generations.length - 1]!;
    const filter = generation[generation.length - 1];
    if (filter !== undefined && filter.count < filter.capacity) return filter;
    if (generation.length === sizes.length) generations.push((generation = []));
    const lines = sizes[generation.length]!;
    const added = {
      words: new Uint32Array(lines * LINE_WORDS),
      lines,
      capacity: capacityOf(lines),
      count: 0,
    };
    generation.push(added);
    return added;
  };
  const addHash = (high: number, low: number): void => {
    // Many names come twice, because both ends of a message are evicted under the same name. A name
    // is skipped if the newest generation has it, or during a rotation any generation that stays.
    // Other generations are not searched, because their names are lost when they are dropped.
    for (let i = leaving > 0 ? leaving : generations.length - 1; i < generations.length; i++)
      if (isInAny(generations[i]!, high, low)) return;
    const filter = roomy();
    filter.count++;
    size++;
    const line = lineOf(high, filter);
    for (let i = 0, h = low; i < HASHES; i++) {
      h = next(h);
      filter.words[line + (h >>> 28)]! |= 1 << ((h >>> 23) & 31);
    }
  };
  return {
    add(prefix, text) {
      hashName(prefix, text);
      addHash(hashed.high, hashed.low);
    },
    addHashes(hashes) {
      for (let at = 0; at + HASH_BYTES <= hashes.length; at += HASH_BYTES)
        addHash(hashes.readUInt32BE(at), hashes.readUInt32BE(at + 4));
    },
    has(prefix, text) {
      if (size === 0) return false;
      hashName(prefix, text);
      for (const generation of generations)
        if (isInAny(generation, hashed.high, hashed.low)) return true;
      return false;
    },
    get size() {
      return size;
    },
    most: sizes.reduce((sum, lines) => sum + capacityOf(lines), 0),
    get isCrowded() {
      return generations.length > mostGenerations;
    },
    beginRotation() {
      leaving = Math.max(0, generations.length - MAX_GENERATIONS);
    },
    rotate() {
      for (const generation of generations.splice(0, leaving))
        for (const filter of generation) size -= filter.count;
      leaving = 0;
      mostGenerations = Math.max(MAX_GENERATIONS, generations.length);
    },
  };
}

/** Returns the index of the first word of a name's cache line. */
const lineOf = (high: number, { lines }: Filter): number => (high & (lines - 1)) * LINE_WORDS;
/**
 * Returns the next value of a linear congruential generator (Knuth, TAOCP 3.3.4). Its values
 * choose the bits that a name sets in the Bloom filter: the top nine bits of each are one position
 * within a cache line.
 */
const next = (h: number): number => (Math.imul(h, 1664525) + 1013904223) | 0;

function isInAny(generation: Generation, high: number, low: number): boolean {
  for (const filter of generation) if (isIn(filter, high, low)) return true;
  return false;
}

function isIn(filter: Filter, high: number, low: number): boolean {
  const line = lineOf(high, filter);
  for (let i = 0, h = low; i < HASHES; i++) {
    h = next(h);
    if ((filter.words[line + (h >>> 28)]! & (1 << ((h >>> 23) & 31))) === 0) return false;
  }
  return true;
}

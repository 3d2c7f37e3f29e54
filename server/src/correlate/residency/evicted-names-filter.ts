import { HASH_BYTES, hashed, hashName } from '../../base/name-hash.ts';

/**
 * The filter holds the names (traces, ids, messages, keys) of evicted flows, so that a late span
 * asks the store only when there is something to find. It is a Bloom filter of 32 bits a name: a
 * few false positives in 100,000 (each costs a query), no false negatives.
 *
 * Memory is bounded by two generations of names. When a third begins, the eldest is due to be
 * dropped, after the names of flows that are still open were added again.
 */
export interface EvictedNamesFilter {
  /**
   * Adds a name. It is passed as prefix and text, because joining the two for every span cost more
   * than the lookup.
   */
  add(prefix: string, text: string): void;
  /** Adds names by their hashes (`hashesOf`). */
  addHashes(hashes: Buffer): void;
  has(prefix: string, text: string): boolean;
  readonly size: number;
  /** Minimum number of names held: the capacity of one generation. */
  readonly most: number;
  /** A rotation is due: call `beginRotation`, add what must stay, then `rotate`. */
  readonly isCrowded: boolean;
  beginRotation(): void;
  rotate(): void;
}

/**
 * One Bloom filter. All bits of a name lie within one cache line of the processor (Putze, Sanders
 * and Singler 2007): spread over a filter of megabytes, adding a name took 0.7 µs.
 */
interface Filter {
  words: Uint32Array;
  lines: number;
  capacity: number;
  count: number;
}
/**
 * A generation is a list of filters of growing size, so that a server with few flows needs little
 * memory.
 */
type Generation = Filter[];

const BITS_PER_NAME = 32;
const HASHES = 12;
const LINE_BITS = 512;
const LINE_WORDS = LINE_BITS / 32;
/** Sizes of the filters of a generation, in cache lines: 1, 8 and 32 MiB, 11 million names. */
const GENERATION = [2 ** 14, 2 ** 17, 2 ** 19];
const MAX_GENERATIONS = 2;

const capacityOf = (lines: number): number => Math.floor((lines * LINE_BITS) / BITS_PER_NAME);

export function createEvictedNamesFilter(
  sizes: readonly number[] = GENERATION,
): EvictedNamesFilter {
  /** Eldest generation first. */
  const generations: Generation[] = [[]];
  let size = 0;
  /** Number of eldest generations that the next `rotate` drops. */
  let leaving = 0;
  /** Exceeds two if more names had to stay. */
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
    // A name in any generation that stays is not added again, as both ends of a message are evicted
    // under it. A name that only a leaving generation holds is added, or it would be dropped with
    // it.
    for (let i = leaving > 0 ? leaving : generations.length - 1; i < generations.length; i++)
      if (generations[i]!.some((filter) => isIn(filter, high, low))) return;
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
      const { high, low } = hashed;
      return generations.some((generation) => generation.some((filter) => isIn(filter, high, low)));
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
 * Advances a linear congruential generator (Knuth, TAOCP 3.3.4); the top nine bits of each value
 * are one bit position of the name within its line.
 */
const next = (h: number): number => (Math.imul(h, 1664525) + 1013904223) | 0;

function isIn(filter: Filter, high: number, low: number): boolean {
  const line = lineOf(high, filter);
  for (let i = 0, h = low; i < HASHES; i++) {
    h = next(h);
    if ((filter.words[line + (h >>> 28)]! & (1 << ((h >>> 23) & 31))) === 0) return false;
  }
  return true;
}

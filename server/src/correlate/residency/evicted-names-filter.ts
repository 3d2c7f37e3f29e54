import { HASH_BYTES, hashed, hashName } from '../../base/name-hash.ts';

/**
 * Remembers which names (traces, ids, messages, keys) belong to flows that left memory, so that a
 * late span asks the store only when there is something to find. Bloom filters of 32 bits a name: a
 * few false questions in 100,000 (each costs a query), no missed answer.
 *
 * Bounded: two generations of names are remembered. When a third begins, the eldest is to be
 * forgotten, after the names of flows that are still open were added anew.
 */
export interface EvictedNamesFilter {
  /**
   * A name is a prefix and a text, so that nobody has to join them: asked for every span, joining
   * cost more than looking.
   */
  add(prefix: string, text: string): void;
  /** Names by their hashes (`hashesOf`). */
  addHashes(hashes: Buffer): void;
  has(prefix: string, text: string): boolean;
  readonly size: number;
  /** Names that are remembered at least: those of a generation. */
  readonly most: number;
  /** A rotation is due: `beginRotation`, add what is to stay, `rotate`. */
  readonly isCrowded: boolean;
  beginRotation(): void;
  rotate(): void;
}

/**
 * All bits of a name lie within one line of the processor's cache (Putze, Sanders and Singler
 * 2007): spread over a filter of megabytes, adding a name took 0.7 µs.
 */
interface Filter {
  words: Uint32Array;
  lines: number;
  capacity: number;
  count: number;
}
/** Filters of growing size: a server that sees little needs little. */
type Generation = Filter[];

const BITS_PER_NAME = 32;
const HASHES = 12;
const LINE_BITS = 512;
const LINE_WORDS = LINE_BITS / 32;
/** Of the filters of a generation, in lines: 1, 8 and 32 MiB, 11 million names. */
const GENERATION = [2 ** 14, 2 ** 17, 2 ** 19];
const MAX_GENERATIONS = 2;

const capacityOf = (lines: number): number => Math.floor((lines * LINE_BITS) / BITS_PER_NAME);

export function createEvictedNamesFilter(
  sizes: readonly number[] = GENERATION,
): EvictedNamesFilter {
  /** The eldest first. */
  const generations: Generation[] = [[]];
  let size = 0;
  /** So many of the eldest are about to be forgotten. */
  let leaving = 0;
  /** More than two, where as much has to stay. */
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
    // A name that the newest generation holds (during a rotation: any that stays) is not added
    // again, as both ends of a message are evicted under it. A name that only an elder generation
    // holds is added, or it would be dropped with it.
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

/** Where the line of a name begins. */
const lineOf = (high: number, { lines }: Filter): number => (high & (lines - 1)) * LINE_WORDS;
/**
 * The bits of a name within its line are the highest nine of each of these (a generator of Knuth's,
 * TAOCP 3.3.4).
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

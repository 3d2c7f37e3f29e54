/**
 * Remembers which names (traces, ids, messages, keys) belong to flows that left memory, so that a late span asks the
 * store only when there is something to find. A Bloom filter: 24 bits a name, about one false question in 100,000 (each
 * costs a query), no missed answer. It doubles by adding a filter, so old names are never lost.
 */
export interface Departed {
  add(name: string): void;
  has(name: string): boolean;
  readonly size: number;
}

const BITS_PER_NAME = 24;
const HASHES = 12;

export function createDeparted(firstCapacity = 262_144): Departed {
  const filters: { bits: Uint32Array; mask: number; capacity: number; count: number }[] = [];
  let size = 0;
  const grow = (capacity: number): void => {
    // A power of two, for the mask.
    const words = 2 ** Math.ceil(Math.log2((capacity * BITS_PER_NAME) / 32));
    filters.push({ bits: new Uint32Array(words), mask: words * 32 - 1, capacity, count: 0 });
  };
  grow(firstCapacity);
  return {
    add(name) {
      let filter = filters[filters.length - 1]!;
      if (filter.count >= filter.capacity) {
        grow(filter.capacity * 2);
        filter = filters[filters.length - 1]!;
      }
      filter.count++;
      size++;
      const [a, b] = hashes(name);
      for (let i = 0, h = a; i < HASHES; i++, h = (h + b) >>> 0) {
        const bit = h & filter.mask;
        filter.bits[bit >>> 5]! |= 1 << (bit & 31);
      }
    },
    has(name) {
      if (size === 0) return false;
      const [a, b] = hashes(name);
      return filters.some(({ bits, mask }) => {
        for (let i = 0, h = a; i < HASHES; i++, h = (h + b) >>> 0) {
          const bit = h & mask;
          if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
        }
        return true;
      });
    },
    get size() {
      return size;
    },
  };
}

/** Two independent 32-bit FNV-1a style hashes; the rest follow by double hashing (Kirsch and Mitzenmacher 2006). */
function hashes(name: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c, 0x85ebca6b);
    b ^= b >>> 13;
  }
  a ^= a >>> 16;
  return [a >>> 0, (b | 1) >>> 0];
}

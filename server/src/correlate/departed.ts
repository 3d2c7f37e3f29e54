/**
 * Remembers which names (traces, ids, messages, keys) belong to flows that left memory, so that a late span asks the
 * store only when there is something to find. A Bloom filter: 24 bits a name, about one false question in 100,000 (each
 * costs a query), no missed answer. It doubles by adding a filter, so old names are never lost.
 */
export interface Departed {
  /** A name is a prefix and a text, so that nobody has to join them: asked for every span, joining cost more than looking. */
  add(prefix: string, text: string): void;
  has(prefix: string, text: string): boolean;
  readonly size: number;
}

interface Filter {
  bits: Uint32Array;
  mask: number;
  capacity: number;
  count: number;
}

const BITS_PER_NAME = 24;
const HASHES = 12;

export function createDeparted(firstCapacity = 262_144): Departed {
  const filters: Filter[] = [];
  let size = 0;
  const grow = (capacity: number): void => {
    // A power of two, for the mask.
    const words = 2 ** Math.ceil(Math.log2((capacity * BITS_PER_NAME) / 32));
    filters.push({ bits: new Uint32Array(words), mask: words * 32 - 1, capacity, count: 0 });
  };
  grow(firstCapacity);
  return {
    add(prefix, text) {
      let filter = filters[filters.length - 1]!;
      if (filter.count >= filter.capacity) {
        grow(filter.capacity * 2);
        filter = filters[filters.length - 1]!;
      }
      filter.count++;
      size++;
      hash(prefix, text);
      for (let i = 0, h = first; i < HASHES; i++, h = (h + step) >>> 0) {
        const bit = h & filter.mask;
        filter.bits[bit >>> 5]! |= 1 << (bit & 31);
      }
    },
    has(prefix, text) {
      if (size === 0) return false;
      hash(prefix, text);
      return filters.some(isIn);
    },
    get size() {
      return size;
    },
  };
}

/** Of the name that was hashed last: where to look first, and how far to step (Kirsch and Mitzenmacher 2006). */
let first = 0;
let step = 0;
/** Two independent 32-bit FNV-1a style hashes of prefix and text, as of one text. */
function hash(prefix: string, text: string): void {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < prefix.length; i++) {
    const c = prefix.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c, 0x85ebca6b);
    b ^= b >>> 13;
  }
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 0x01000193);
    b = Math.imul(b ^ c, 0x85ebca6b);
    b ^= b >>> 13;
  }
  a ^= a >>> 16;
  first = a >>> 0;
  step = (b | 1) >>> 0;
}

function isIn({ bits, mask }: Filter): boolean {
  for (let i = 0, h = first; i < HASHES; i++, h = (h + step) >>> 0) {
    const bit = h & mask;
    if ((bits[bit >>> 5]! & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

/**
 * Result of `hashName`: a 64-bit hash of a name as two 32-bit halves. ClickHouse computes the same
 * hash (`murmurHash3_32` and `murmurHash2_32` with seed 0, over the UTF-8 bytes), so that the store
 * can return the hashes of millions of names instead of the names. `testing/store-conformance.ts`
 * checks that both implementations agree.
 */
export const hashed = { high: 0, low: 0 };

/**
 * Hashes the concatenation of `prefix` and `text`, and stores the result in `hashed`. Concatenating
 * the texts first, or returning a pair, would cost more time than the hashing.
 */
export function hashName(prefix: string, text: string): void {
  const widest = hashCodes(prefix, text);
  if (widest > 0x7f) hashCodes('', Buffer.from(prefix + text, 'utf8').toString('latin1'));
}

/**
 * Hashes character codes as if they were bytes. Returns the bitwise OR of all codes, which is above
 * 0x7f if a character is not ASCII.
 */
function hashCodes(prefix: string, text: string): number {
  const cut = prefix.length;
  const length = cut + text.length;
  const whole = length & ~3;
  let a = 0;
  let b = length;
  let widest = 0;
  for (let i = 0; i < whole; i += 4) {
    const c0 = codeAt(prefix, cut, text, i);
    const c1 = codeAt(prefix, cut, text, i + 1);
    const c2 = codeAt(prefix, cut, text, i + 2);
    const c3 = codeAt(prefix, cut, text, i + 3);
    widest |= c0 | c1 | c2 | c3;
    const word = c0 | (c1 << 8) | (c2 << 16) | (c3 << 24);
    a ^= scrambled(word);
    a = (Math.imul((a << 13) | (a >>> 19), 5) + 0xe6546b64) | 0;
    const k = Math.imul(word, 0x5bd1e995);
    b = Math.imul(b, 0x5bd1e995) ^ Math.imul(k ^ (k >>> 24), 0x5bd1e995);
  }
  if (whole < length) {
    let tail = 0;
    for (let i = length - 1; i >= whole; i--) {
      const c = codeAt(prefix, cut, text, i);
      widest |= c;
      tail = (tail << 8) | c;
    }
    a ^= scrambled(tail);
    b = Math.imul(b ^ tail, 0x5bd1e995);
  }
  a ^= length;
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 13), 0x5bd1e995);
  hashed.high = (a ^ (a >>> 16)) >>> 0;
  hashed.low = (b ^ (b >>> 15)) >>> 0;
  return widest;
}

const codeAt = (prefix: string, cut: number, text: string, i: number): number =>
  i < cut ? prefix.charCodeAt(i) : text.charCodeAt(i - cut);

function scrambled(word: number): number {
  const k = Math.imul(word, 0xcc9e2d51);
  return Math.imul((k << 15) | (k >>> 17), 0x1b873593);
}

/**
 * Number of bytes of each hash in the result of `hashesOf`, which concatenates the hashes of
 * `names`. A hash consists of its high and its low half, both big-endian.
 */
export const HASH_BYTES = 8;
export function hashesOf(names: readonly string[]): Buffer {
  const bytes = Buffer.allocUnsafe(names.length * HASH_BYTES);
  names.forEach((name, i) => {
    hashName('', name);
    bytes.writeUInt32BE(hashed.high, i * HASH_BYTES);
    bytes.writeUInt32BE(hashed.low, i * HASH_BYTES + 4);
  });
  return bytes;
}

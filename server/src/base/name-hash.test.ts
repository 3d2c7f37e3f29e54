import { expect, test } from 'vitest';
import { HASH_BYTES, hashed, hashesOf, hashName } from './name-hash.ts';

const pair = (prefix: string, text: string): [number, number] => {
  hashName(prefix, text);
  return [hashed.high, hashed.low];
};

/** The expected hashes are from the reference implementation of MurmurHash3 x86_32 with seed 0. */
test.each([
  ['', 0],
  ['test', 0xba6bd213],
  ['Hello, world!', 0xc0363e43],
  ['The quick brown fox jumps over the lazy dog', 0x2e4ff723],
])('the high half of %j is what MurmurHash3 says', (text, expected) => {
  expect(pair('', text)[0]).toBe(expected);
});

test('wherever a name is parted into prefix and text, it is the same name', () => {
  for (const name of ['', 'a', 'ab', 'abcd', 's\0abcdefghijk', 'ümläut', 'a漢字😀b'])
    for (let cut = 0; cut <= name.length; cut++)
      expect(pair(name.slice(0, cut), name.slice(cut)), `${name} at ${cut}`).toEqual(
        pair('', name),
      );
});

/** Second implementation of MurmurHash3 x86_32, over bytes, to compare with. */
function murmur3(bytes: Buffer): number {
  const scramble = (k: number): number => {
    const mixed = Math.imul(k, 0xcc9e2d51);
    return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
  };
  const whole = bytes.length - (bytes.length % 4);
  let h = 0;
  for (let i = 0; i < whole; i += 4) {
    h ^= scramble(bytes.readInt32LE(i));
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  if (whole < bytes.length) h ^= scramble(bytes.readUIntLE(whole, bytes.length - whole));
  h ^= bytes.length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

test.each(['é', 'aé', 'abcé', 'abcdé', '漢字', '😀', '\u007f', '\u0080', '\ud800', 'x\0ÿ'])(
  'beyond ASCII the bytes of UTF-8 count, not the characters: %j',
  (text) => {
    expect(pair('', text)[0]).toBe(murmur3(Buffer.from(text, 'utf8')));
  },
);

test('names that differ in one character, in order or in length differ in both halves', () => {
  const names = ['abcd', 'abce', 'dcba', 'abc', 'abcd\0', '\0abcd', 'abcdabcd'];
  expect(new Set(names.map((name) => pair('', name)[0])).size).toBe(names.length);
  expect(new Set(names.map((name) => pair('', name)[1])).size).toBe(names.length);
});

test('hashes in a row are those of each name, high before low, big-endian', () => {
  const names = ['', 'a', 't\0' + 'f'.repeat(32)];
  const bytes = hashesOf(names);
  expect(bytes).toHaveLength(names.length * HASH_BYTES);
  for (const [i, name] of names.entries())
    expect([bytes.readUInt32BE(i * HASH_BYTES), bytes.readUInt32BE(i * HASH_BYTES + 4)]).toEqual(
      pair('', name),
    );
});

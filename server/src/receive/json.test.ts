import { expect, test } from 'vitest';
import { parseJson } from './json.ts';

const read = (text: string): unknown => parseJson(text, 10, 1000);

test('an integer of 64 bits is exact; one that nothing here has room for is a double', () => {
  expect(read('18446744073709551615')).toBe(2n ** 64n - 1n);
  expect(read('-9223372036854775808')).toBe(-(2n ** 63n));
  expect(read('9007199254740991')).toBe(2 ** 53 - 1);
  expect(read('9'.repeat(21))).toBe(1e21);
  expect(read(`-${'9'.repeat(21)}`)).toBe(-1e21);
  expect(read('9'.repeat(100_000))).toBe(Infinity);
});

test('keys that nobody asks for are read and not kept', () => {
  const text =
    '{"a":{"b":[1]},"name":"n","__proto__":{"name":"p"},"constructor":1,"value":{"c":2,"key":"k"}}';
  expect(read(text)).toEqual({ name: 'n', value: { key: 'k' } });
  for (const wrong of ['{"a":}', '{"a":tru}', '{"a"}'])
    expect(() => read(wrong), wrong).toThrow('not JSON');
});

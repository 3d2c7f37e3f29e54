import { expect, test } from 'vitest';
import { parseItem } from './json-items.ts';

const parsed = (json: string): unknown => parseItem({ json: Buffer.from(json) });

test('integers that a number cannot hold become texts, and no other part of the JSON does', () => {
  expect(parsed('{"a":1700000000123456789,"b":[-1700000000123456789]}')).toEqual({
    ...{ a: '1700000000123456789', b: ['-1700000000123456789'] },
  });
  const others =
    '{"a":0.30000000000000004,"b":-0.1234567890123456,"c":1e-16,"d":1.5e+17,"e":[0.1,12],' +
    '"f":12345678901234567.5,"g":1234567890123456e2}';
  expect(parsed(others)).toEqual(JSON.parse(others));
});

test('digits in texts stay as they are', () => {
  const texts =
    '{"a":"1700000000123456789","b \\" 1700000000123456789":"\\\\","c":"0.30000000000000004"}';
  expect(parsed(texts)).toEqual(JSON.parse(texts));
});

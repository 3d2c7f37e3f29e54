import { expect, test } from 'vitest';
import {
  attributesFromJson,
  isAllDouble,
  isPlain,
  plainDoubles,
  valueJson,
} from './attribute-json.ts';
import { KeyValues, WholeDouble, type AttributeValue } from './otlp.ts';

const back = (value: AttributeValue): AttributeValue | undefined =>
  attributesFromJson(`{"a":${valueJson(value)}}`)[1];

test.each<[string, AttributeValue]>([
  ['"plain"', 'plain'],
  ['"a \\"b\\" \\\\ \\n"', 'a "b" \\ \n'],
  ['true', true],
  ['false', false],
  ['null', null],
  ['42', 42],
  ['-1.5', -1.5],
  ['1e+300', 1e300],
  ['{"double":"NaN"}', NaN],
  ['{"double":"-Infinity"}', -Infinity],
  ['{"double":"-0"}', -0],
  ['{"double":"3"}', new WholeDouble(3)],
  ['{"int":"9223372036854775808"}', 2n ** 63n],
  ['{"int":"-9223372036854775808"}', -(2n ** 63n)],
  ['{"bytes":"AP8="}', new Uint8Array([0, 255])],
  ['[]', []],
  ['[1,["a",null]]', [1, ['a', null]]],
  ['{"map":[]}', new KeyValues([])],
  [
    '{"map":[["k",1],["k",{"map":[["\\"",{"int":"2"}]]}]]}',
    new KeyValues(['k', 1, 'k', new KeyValues(['"', 2n])]),
  ],
])('%s is read back as what it was', (json, value) => {
  expect(valueJson(value)).toBe(json);
  expect(() => JSON.parse(json) as unknown).not.toThrow();
  expect(back(value)).toEqual(value);
});

test('a text is plain where quotes make JSON of it', () => {
  for (const text of ['', 'plain', 'é漢😀', "it's"]) {
    expect(isPlain(text), text).toBe(true);
    expect(JSON.parse(`"${text}"`)).toBe(text);
  }
  for (const text of ['"', '\\', '\n', '\0', '\u001f']) expect(isPlain(text)).toBe(false);
});

test('attributes are flat, in order, and none where there is no text', () => {
  expect(attributesFromJson('')).toEqual([]);
  expect(attributesFromJson('{}')).toEqual([]);
  expect(attributesFromJson('{"b":1,"a":"x"}')).toEqual(['b', 1, 'a', 'x']);
});

test('doubles that are written as plain numbers are read back by their names', () => {
  const double = new WholeDouble(3);
  for (const [value, json] of [
    [double, '3'],
    [[double, 1.5], '[3,1.5]'],
  ] as const) {
    expect(isAllDouble(value as AttributeValue)).toBe(true);
    expect(valueJson(plainDoubles(value as AttributeValue))).toBe(json);
    expect(attributesFromJson(`{"a":${json},"b":3}`, ['a'])).toEqual(['a', value, 'b', 3]);
  }
  for (const value of [3, 1.5, [3, double], [double, 'x'], 'x', null, []] as AttributeValue[])
    expect(isAllDouble(value), JSON.stringify(value)).toBe(false);
});

test('an object of a kind that nobody wrote is nothing, and not a fault', () => {
  expect(attributesFromJson('{"a":{"later":"kind"},"b":{}}')).toEqual(['a', null, 'b', null]);
});

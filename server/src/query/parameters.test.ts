import { expect, test } from 'vitest';
import { z } from 'zod';
import {
  decimal,
  instant,
  jsonSchemaOf,
  many,
  manyOf,
  readInstant,
  shownAs,
  whole,
} from './parameters.ts';

test.each(['0x10', '1e2', ' 10', '10 ', '+1', '1.0', '', '１'])('%j is no whole number', (text) => {
  expect(whole(1, 1000).safeParse(text).success).toBe(false);
});

test('a whole number has its bounds', () => {
  expect(whole(1, 1000).parse('0100')).toBe(100);
  for (const text of ['0', '1001'])
    expect(whole(1, 1000).safeParse(text).success, text).toBe(false);
});

test('a decimal number is one that JSON has', () => {
  expect(['0', '1.5', '1e3', '2.5e-3'].map((text) => decimal(0, 1e15).parse(text))).toEqual([
    ...[0, 1.5, 1000, 0.0025],
  ]);
  for (const text of ['0x1', '.5', '1.', '-1', 'NaN', 'Infinity'])
    expect(decimal(0, 1e15).safeParse(text).success, text).toBe(false);
});

test.each([
  ['2026-02-28T23:59:59Z', 1772323199000000000n],
  ['2026-02-28T23:59:59.123456789Z', 1772323199123456789n],
  ['2026-03-01T00:59:59.5+01:00', 1772323199500000000n],
  ['2028-02-29T00:00:00Z', 1835395200000000000n],
  ['1969-12-31T23:59:59.999Z', 0n],
  ['9999-12-31T23:59:59Z', 2n ** 64n - 1n],
  ['18446744073709551615', 2n ** 64n - 1n],
  ['007', 7n],
])('%s is an instant', (text, nanos) => {
  expect(instant().parse(text)).toBe(text);
  expect(readInstant(text)).toBe(nanos);
});

test.each([
  '2026-02-30T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-00-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T25:00:00Z',
  '2026-01-01T00:60:00Z',
  '2026-01-01T00:00:61Z',
  '18446744073709551616',
])('%s has the form of an instant, and is none', (text) => {
  expect(instant().safeParse(text).success).toBe(true);
  expect(() => readInstant(text)).toThrow(/not a time|beyond 64 bits/);
});

test.each(['2026-01-01T00:00:00', '2026-01-01', '2026-01-01T00:00:00.1234567890Z', '-1', 'now'])(
  '%s has not even the form',
  (text) => expect(instant().safeParse(text).success).toBe(false),
);

test('the description shows what is meant, and not how it is checked', () => {
  expect(jsonSchemaOf(whole(1, 9).default(3).describe('How many'))).toEqual({
    ...{ default: 3, description: 'How many', type: 'integer', minimum: 1, maximum: 9 },
  });
  expect(jsonSchemaOf(many().optional())).toEqual({ type: 'array', items: { type: 'string' } });
  expect(jsonSchemaOf(manyOf(['a', 'b']))).toEqual({
    ...{ type: 'array', items: { type: 'string', enum: ['a', 'b'] } },
  });
  expect(jsonSchemaOf(z.strictObject({ at: shownAs(z.string(), { format: 'x' }) }))).toEqual({
    type: 'object',
    properties: { at: { format: 'x' } },
    required: ['at'],
    additionalProperties: false,
  });
});

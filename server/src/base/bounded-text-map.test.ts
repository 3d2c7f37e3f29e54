import { expect, test } from 'vitest';
import { createBoundedTextMap } from './bounded-text-map.ts';
import { createJoinedTexts } from './joined-texts.ts';

test('what repeats is found again, until there is too much of all', () => {
  const map = createBoundedTextMap<number>(10_000);
  map.set('a', 1, 1);
  map.set('a', 1, 1);
  expect([map.get('a'), map.get('b')]).toEqual([1, undefined]);
  for (let i = 0; i < 9; i++) map.set(`long ${i}`, i, 1000);
  expect([map.get('a'), map.get('long 8')]).toEqual([1, 8]);
  map.set('one more', 9, 1000);
  expect([map.get('a'), map.get('long 8'), map.get('one more')]).toEqual([undefined, undefined, 9]);
});

test('what would be too much by itself displaces nothing', () => {
  const map = createBoundedTextMap<number>(1000);
  map.set('a', 1, 1);
  map.set('huge', 2, 1000);
  expect([map.get('a'), map.get('huge')]).toEqual([1, undefined]);
});

test('pairs are joined rightly however many there were', () => {
  const join = createJoinedTexts(' ', 100);
  for (let round = 0; round < 2; round++)
    for (let i = 0; i < 50; i++)
      expect(join(`service ${i % 7}`, `step ${i}`)).toBe(`service ${i % 7} step ${i}`);
});

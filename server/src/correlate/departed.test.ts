import { expect, test } from 'vitest';
import { hashesOf } from '../base/name-hash.ts';
import { createDeparted } from './departed.ts';

/** Two filters of 32 and 64 names a generation. */
const SMALL = [2, 4];
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => `trace-${from + i}`);

test('no name is missed, whether it was added or came as a hash', () => {
  const departed = createDeparted();
  expect(departed.has('t\0', 'trace-0')).toBe(false);
  for (const name of names(0, 1000)) departed.add('t\0', name);
  departed.addHashes(hashesOf(names(1000, 2000).map((name) => `t\0${name}`)));
  expect(names(0, 2000).filter((name) => !departed.has('t\0', name))).toEqual([]);
  expect(departed.has('t', '\0trace-0'), 'prefix and text are one name').toBe(true);
});

test('few other names are taken for one of them, in a full filter too', () => {
  const departed = createDeparted([2 ** 10]);
  for (const name of names(0, departed.most)) departed.add('', name);
  expect(departed.isCrowded).toBe(false);
  const wrong = names(1_000_000, 1_200_000).filter((name) => departed.has('', name));
  expect(wrong.length).toBeLessThan(200_000 * 0.00005);
});

test('a name that is added again takes no room', () => {
  const departed = createDeparted(SMALL);
  for (let i = 0; i < 1000; i++) for (const name of names(0, 20)) departed.add('', name);
  expect(departed.size).toBe(20);
});

test('two generations are kept; what was added anew outlives the eldest', () => {
  const departed = createDeparted(SMALL);
  const { most } = departed;
  let added = 0;
  while (!departed.isCrowded) departed.add('', `trace-${added++}`);
  // A few fewer than were added: some are taken for another.
  expect(added).toBeGreaterThan(2 * most);
  expect(
    names(0, added).filter((name) => !departed.has('', name)),
    'until told to, nothing is forgotten',
  ).toEqual([]);
  departed.startForgetting();
  for (const name of names(0, 10)) departed.add('', name);
  departed.forget();
  expect(departed.isCrowded).toBe(false);
  expect(names(0, 10).filter((name) => !departed.has('', name))).toEqual([]);
  expect(names(most + 10, added).filter((name) => !departed.has('', name))).toEqual([]);
  expect(names(10, most - 10).filter((name) => departed.has('', name)).length).toBeLessThan(most / 10);
  departed.startForgetting();
  departed.forget();
  expect(departed.size, 'not below two generations').toBeGreaterThan(most);
});

test('what has to stay stays, however much it is; the rest is bounded all the same', () => {
  const departed = createDeparted(SMALL);
  const open = names(0, 4 * departed.most);
  let added = open.length;
  const sizes: number[] = [];
  for (let i = 0; i < 8; i++) {
    while (!departed.isCrowded) departed.add('', `trace-${added++}`);
    departed.startForgetting();
    for (const name of open) departed.add('', name);
    departed.forget();
    sizes.push(departed.size);
    expect(open.filter((name) => !departed.has('', name))).toEqual([]);
    expect(departed.isCrowded).toBe(false);
  }
  expect(Math.max(...sizes)).toBeLessThan(open.length + 4 * departed.most);
});

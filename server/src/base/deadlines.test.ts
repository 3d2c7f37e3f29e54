import { expect, test } from 'vitest';
import { manualClock } from './clock.ts';
import { createDeadlines } from './deadlines.ts';

function bench() {
  const clock = manualClock(0);
  const woken: string[][] = [];
  return { clock, woken, deadlines: createDeadlines(clock, (keys) => void woken.push(keys)) };
}

test('keys wake when their time has come, the earliest first, in whatever order they were set', () => {
  const { clock, woken, deadlines } = bench();
  const times = [70, 10, 50, 30, 90, 20, 60, 40, 80];
  for (const at of times) deadlines.set(`${at}`, at);
  expect(deadlines.size).toBe(9);
  clock.advance(45);
  expect(woken).toEqual([['10'], ['20'], ['30'], ['40']]);
  clock.advance(45);
  expect(woken.flat()).toEqual(times.sort((a, b) => a - b).map(String));
  expect(deadlines.size).toBe(0);
});

test('a key that is set anew wakes once, at the new time, be it earlier or later', () => {
  const { clock, woken, deadlines } = bench();
  deadlines.set('later', 10);
  deadlines.set('later', 30);
  deadlines.set('earlier', 50);
  deadlines.set('earlier', 20);
  clock.advance(19);
  expect(woken).toEqual([]);
  clock.advance(100);
  expect(woken).toEqual([['earlier'], ['later']]);
});

test('a cleared key does not wake, and may be set again', () => {
  const { clock, woken, deadlines } = bench();
  deadlines.set('a', 10);
  deadlines.clear('a');
  expect(deadlines.size).toBe(0);
  clock.advance(20);
  expect(woken).toEqual([]);
  deadlines.set('a', 30);
  clock.advance(10);
  expect(woken).toEqual([['a']]);
});

test('what is overdue wakes at once', () => {
  const { clock, woken, deadlines } = bench();
  clock.advance(100);
  deadlines.set('a', 50);
  clock.advance(0);
  expect(woken).toEqual([['a']]);
});

test('of many that are due a hundred wake in one go', () => {
  const { clock, woken, deadlines } = bench();
  for (let i = 0; i < 250; i++) deadlines.set(`${i}`, 10);
  clock.advance(10);
  expect(woken.map((keys) => keys.length)).toEqual([100, 100, 50]);
  expect(new Set(woken.flat()).size).toBe(250);
});

test('a thousand moves of one key leave one deadline', () => {
  const { clock, woken, deadlines } = bench();
  for (let i = 0; i < 1000; i++) deadlines.set('a', 1000 + (i % 7) * 100 + i);
  expect(deadlines.size).toBe(1);
  clock.advance(10_000);
  expect(woken).toEqual([['a']]);
});

test('whoever is woken may set another deadline, and nobody is woken after a stop', () => {
  const clock = manualClock(0);
  const woken: number[] = [];
  const deadlines = createDeadlines(clock, () => {
    woken.push(clock.now());
    deadlines.set('again', clock.now() + 10);
  });
  deadlines.set('first', 10);
  clock.advance(35);
  expect(woken).toEqual([10, 20, 30]);
  deadlines.stop();
  deadlines.set('never', 40);
  clock.advance(100);
  expect(woken).toHaveLength(3);
});

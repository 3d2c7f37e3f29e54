import { expect, test } from 'vitest';
import { aDigest } from '../../testing/digests.ts';
import type { SentMessage } from '../learned/digest.ts';
import { createTakings } from './takings.ts';

/**
 * Builds a message that was sent at `sentMs` and taken `afterMs` later (null: not taken).
 */
const message = (sentMs: number, afterMs: number | null, place = 'q'): SentMessage => {
  const { messages } = aDigest('f', [
    { as: 'place', atMs: sentMs, sends: { [place]: afterMs === null ? [] : ['take'] } },
    { as: 'take', atMs: sentMs + (afterMs ?? 0), from: 'place' },
  ]);
  for (const wait of messages[0]!.waits) wait.ms = afterMs!;
  return messages[0]!;
};
const MINUTE = 60_000;

test('of a place where nothing was taken nobody overtook anybody', () => {
  expect(createTakings().countOvertaken('', message(0, null))).toBe(false);
});

test('a message is overtaken where a later one was taken and its taker was at work', () => {
  const takings = createTakings();
  takings.observe('', message(MINUTE, 100));
  takings.observe('', message(MINUTE + 2000, 100));
  expect(takings.countOvertaken('', message(MINUTE + 1000, null))).toBe(true);
});

test('the last one that was sent is overtaken by none', () => {
  const takings = createTakings();
  takings.observe('', message(MINUTE, 100));
  expect(takings.countOvertaken('', message(MINUTE, null))).toBe(false);
  expect(takings.countOvertaken('', message(MINUTE + 1, null))).toBe(false);
});

test('a message that counted counts again when it is judged again, whatever counted meanwhile', () => {
  const takings = createTakings();
  for (let at = 0; at < 10; at++) takings.observe('', message(MINUTE + 20_000 * at, 100));
  const left = [1, 3, 5].map((at) => message(MINUTE + 20_000 * at + 7000, null));
  for (const [i, one] of left.entries()) one.sendSpanId = `left ${i}`;
  const judge = (): boolean[] => left.map((one) => takings.countOvertaken('', one));
  expect([judge(), judge()]).toEqual([
    [true, true, true],
    [true, true, true],
  ]);
});

test('those that were sent in one silence count once', () => {
  const takings = createTakings();
  takings.observe('', message(MINUTE, 10));
  // After ten minutes without a taken message the consumer is back.
  takings.observe('', message(11 * MINUTE, 10));
  const silent = [2, 3, 4].map((minute) => ({
    ...message(minute * MINUTE, null),
    sendSpanId: `${minute}`,
  }));
  expect(silent.map((one) => takings.countOvertaken('', one))).toEqual([true, false, false]);
});

test('places and environments are told apart', () => {
  const takings = createTakings();
  takings.observe('prod', message(MINUTE, 100));
  takings.observe('prod', message(MINUTE + 2000, 100));
  const one = message(MINUTE + 1000, null);
  expect(takings.countOvertaken('test', one)).toBe(false);
  expect(takings.countOvertaken('prod', { ...one, place: 'other' })).toBe(false);
  expect(takings.countOvertaken('prod', one)).toBe(true);
});

test('of many places the oldest is forgotten', () => {
  const takings = createTakings();
  for (const at of [0, 2000]) takings.observe('', message(MINUTE + at, 100, 'first'));
  const one = { ...message(MINUTE + 1000, null), place: 'first' };
  for (let i = 0; i < 9999; i++) takings.observe('', { ...one, place: `${i}`, waits: [] });
  expect(takings.countOvertaken('', one)).toBe(true);
  takings.observe('', { ...one, place: 'one more', waits: [] });
  expect(takings.countOvertaken('', one)).toBe(false);
});

import { describe, expect, test } from 'vitest';
import { createOutages } from './outages.ts';
import type { Digest } from './digest.ts';
import { aDigest } from '../../testing/digests.ts';

const MINUTE = 60_000;
/**
 * Observes messages to one destination, given as [sent, taken] in seconds. Returns for each message
 * whether its wait is explained by an outage; null if it was not taken.
 */
function sharedOf(
  messages: readonly (readonly [sent: number, taken: number | null])[],
  { nowS = 100_000, usualMs = 50 } = {},
) {
  const outages = createOutages({ now: () => nowS * 1000, shortMs: 4000 });
  const digests = messages.map(([sent, taken], i): Digest => {
    const digest = aDigest(`f${i}`, [
      { as: 'place', atMs: sent * 1000, sends: { q: taken === null ? [] : ['take'] } },
      ...(taken === null ? [] : [{ as: 'take', atMs: taken * 1000, from: 'place' }]),
    ]);
    for (const wait of digest.messages[0]!.waits) {
      wait.ms = (taken! - sent) * 1000;
      wait.heardMs = taken! * 1000 + 500;
    }
    return digest;
  });
  for (const digest of digests) outages.observe(digest);
  return digests.map((digest) => {
    for (const one of outages.heldUpIn(digest, () => ({ waitMs: usualMs, heardMs: usualMs })))
      one.isHeldUp = true;
    return digest.messages[0]!.waits[0]?.isHeldUp ?? null;
  });
}
const every = (seconds: number, from: number, to: number): number[] =>
  Array.from({ length: Math.floor((to - from) / seconds) }, (_, i) => from + i * seconds);
const prompt = (from: number, to: number, seconds = 5) =>
  every(seconds, from, to).map((at) => [at, at + 0.05] as const);
const shareOf = (list: readonly (boolean | null)[]): number =>
  list.filter(Boolean).length / list.length;

describe('waits of an outage are shared', () => {
  const sent = every(5, 1000, 1600);
  test.each([
    ['drained at once', (_at: number, i: number) => 1600 + i / 100],
    ['drained in the order of sending', (at: number) => 1600 + (at - 1000) / 5],
    ['drained last in, first out', (at: number) => 1600 + (1600 - at) / 5],
  ])('%s', (_how, takenAt) => {
    const held = sent.map((at, i) => [at, takenAt(at, i)] as const);
    const all = sharedOf([...prompt(0, 1000), ...held, ...prompt(1800, 2500)]);
    expect(shareOf(all.slice(200, 200 + held.length - 1))).toBeGreaterThan(0.98);
    expect(shareOf(all.slice(0, 200))).toBe(0);
    expect(shareOf(all.slice(200 + held.length))).toBe(0);
  });
  test('the first that is taken is known by those that wait still', () => {
    const waiting = sent.map((at, i) => [at, i === 40 ? 1600 : null] as const);
    expect(sharedOf([...prompt(0, 1000), ...waiting], { nowS: 1640 })[200 + 40]).toBe(true);
  });
  test('one in which hardly any waits overlap', () => {
    const waits = every(60, 0, 3600).map((at, i) => [at, at + Math.min(i, 59 - i) + 1] as const);
    const long = sharedOf([...prompt(-600, 0), ...waits], { usualMs: 4000 }).filter(
      (_, i) => i > 120 && waits[i - 120]![1] - waits[i - 120]![0] > 8,
    );
    expect(shareOf(long)).toBeGreaterThan(0.9);
  });
  test('one in which messages are sent minutes apart, and wait for a minute', () => {
    const waits = every(180, 0, 3600).map((at, i) => [at, at + 50 + (i % 3) * 10] as const);
    expect(shareOf(sharedOf([...prompt(-9000, -6000), ...waits]).slice(-waits.length))).toBe(1);
  });
  test('one whose next message waits still, too short to tell anything', () => {
    const known = [...prompt(-900, -600), [0, 400], [250, 600]] as const;
    const waiting = [590, null] as const;
    expect(sharedOf([...known, waiting], { nowS: 610 }).slice(60, 61)).toEqual([true]);
    // The last message was taken at once, which shows that its consumer was at work.
    const taken = [590, 591] as const;
    expect(sharedOf([...known, taken], { nowS: 610 }).slice(60, 61)).toEqual([false]);
  });
  test('a backlog whose waits differ, but are equally long on average, in every part of it', () => {
    const held = every(1, 0, 300).map((i) => [i + 100 * (i % 10), 1200 + i] as const);
    const all = sharedOf([...prompt(-50, 0), ...held, [1195, 1445], ...prompt(1600, 1650)]);
    expect(shareOf(all.slice(10, 10 + held.length + 1))).toBe(1);
  });
  test('a queue that grows and shrinks', () => {
    const half = 1200;
    const waits = every(10, 0, 2 * half).map(
      (at) => [at, at + (half - Math.abs(at - half)) * 0.6] as const,
    );
    const long = sharedOf(waits).filter((_, i) => waits[i]![1] - waits[i]![0] > 30);
    expect(shareOf(long)).toBeGreaterThan(0.95);
  });
});

describe('a wait of its own is a sample', () => {
  test('where waits are long and spread anyhow, and those next to it were as long by chance', () => {
    const spread = every(7, 0, 7000).map(
      (at, i) => [at, at + 5 * Math.exp(Math.sin(i * i) * 1.2)] as const,
    );
    expect(shareOf(sharedOf(spread, { usualMs: 14_000 }))).toBeLessThan(0.05);
  });
  test('where what was sent before and after was taken at once', () => {
    const all = sharedOf([...prompt(0, 500), [500, 560], ...prompt(505, 1000)]);
    expect(all[100]).toBe(false);
  });
  test('where it is not known yet what is usual, and it is no outage by itself', () => {
    const young = every(5, 0, 200).map(
      (at, i) => [at, at + 5 * Math.exp(Math.sin(i * i) * 1.2)] as const,
    );
    expect(shareOf(sharedOf(young, { usualMs: 0 }))).toBe(0);
  });
  test('where nothing else was sent', () => {
    expect(sharedOf([[0, 600]])).toEqual([false]);
  });
  test('where all wait equally long, for as long a time', () => {
    const steady = every(5, 0, 4000).map((at) => [at, at + 10 * (MINUTE / 1000)] as const);
    for (const usualMs of [0, 50])
      expect(shareOf(sharedOf(steady, { usualMs }).slice(-100))).toBe(0);
  });
});

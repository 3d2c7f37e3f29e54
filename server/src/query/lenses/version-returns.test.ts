import { expect, test } from 'vitest';
import { roll } from '../../testing/simulated-flows.ts';
import type { VersionRun } from '../../store/index.ts';
import { versionReturns } from './version-returns.ts';

/** Makes runs of a text, in which each letter is the version of a flow. One starts each second. */
const runsOf = (text: string): VersionRun[] =>
  [...text.matchAll(/(.)\1*/g)].map(({ 0: part, index }) => ({
    ...{ version: BigInt(part.charCodeAt(0)), atMs: index * 1000, flows: part.length },
  }));
const letterOf = (version: bigint): string => String.fromCharCode(Number(version));
const returnsIn = (text: string): string[] =>
  versionReturns(runsOf(text)).map(
    ({ version, after, atMs }) => `${letterOf(version)} after ${letterOf(after)} at ${atMs / 1000}`,
  );
const many = (letter: string, flows: number): string => letter.repeat(flows);

test('a version that runs again after another one is back', () => {
  expect(returnsIn(many('a', 20) + many('b', 10) + many('a', 10))).toEqual(['a after b at 30']);
  expect(returnsIn(many('a', 10) + many('b', 9) + many('c', 4) + many('a', 8))).toEqual([
    'a after b at 23',
  ]);
  expect(returnsIn(many('a', 50) + many('b', 5) + many('a', 50))).toEqual(['a after b at 55']);
  // It is deployed and rolled back again, and each is a change.
  expect(returnsIn((many('a', 20) + many('b', 20)).repeat(2) + many('a', 20))).toEqual([
    ...['a after b at 40', 'b after a at 60', 'a after b at 80'],
  ]);
});

test('a new version, however it comes, is not back', () => {
  for (const text of [many('a', 50), many('a', 50) + many('b', 50), 'a', '', 'ab', 'aba'])
    expect(returnsIn(text), text).toEqual([]);
  // A rollout, instance by instance.
  const rollout = Array.from({ length: 200 }, (_, i) => (roll(i, 'rollout') * 200 < i ? 'b' : 'a'));
  expect(returnsIn(rollout.join(''))).toEqual([]);
});

test('versions that run side by side leave each other out by chance', () => {
  for (const share of [0.02, 0.05, 0.2, 0.5])
    for (let seed = 0; seed < 200; seed++) {
      const text = Array.from({ length: 600 }, (_, i) =>
        roll(seed * 1000 + i, 'canary') < share ? 'b' : 'a',
      ).join('');
      expect(returnsIn(text), `${share} ${seed}`).toEqual([]);
    }
});

test('a flow that was held over the rollback moves nothing', () => {
  const text = many('a', 30) + many('b', 12) + 'a' + many('b', 12) + many('a', 20);
  expect(returnsIn(text)).toEqual(['a after b at 55']);
  expect(returnsIn(many('a', 30) + 'b' + many('a', 30))).toEqual([]);
  // The newest flow may be such a one.
  expect(returnsIn(many('a', 30) + many('b', 30) + 'aa')).toEqual([]);
  expect(returnsIn(many('a', 30) + many('b', 30) + 'aaaa')).toEqual(['a after b at 60']);
});

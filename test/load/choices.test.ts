import { expect, test } from 'vitest';
import { BOUNDS, playChoices } from './choices.ts';

/**
 * This is a short version of `npm run choices`: at least 99 % of the messages that were never
 * consumed must be found, and at most 1 of 1,000 completed flows may be stuck.
 */
test('an untaken message is found, and no rare way is taken for a stall', async () => {
  const score = await playChoices({ seed: 1, types: 12, before: [50, 400] });
  expect(score.untaken).toBeGreaterThan(100);
  expect(score.rare).toBeGreaterThan(15);
  const missed = Object.keys(BOUNDS).filter((bound) => !BOUNDS[bound]!(score));
  expect(
    missed,
    score.cases.map((one) => `${one.wrong} ${one.flows}, ${one.type}: ${one.said}`).join('\n'),
  ).toEqual([]);
}, 120_000);

import { expect, test } from 'vitest';
import { BOUNDS, playBacklog, type BacklogCase } from './backlog.ts';

/**
 * This is a short version of `npm run backlog`: after an outage, a lost message must be detected
 * within twice the time that it took before.
 */
const MINUTE = 60_000;
test.each<BacklogCase>([
  { trouble: 'down', lengthMs: MINUTE, share: 0.6, sound: 150 },
  { trouble: 'down', lengthMs: 5 * MINUTE, share: 0.6, sound: 40 },
  { trouble: 'hung', lengthMs: 20 * MINUTE, share: 0.2, sound: 150 },
  { trouble: 'overloaded', lengthMs: 60 * MINUTE, share: 0.4, sound: 150 },
  { trouble: 'slow', lengthMs: MINUTE, share: 0.2, sound: 250 },
])(
  'after $share of the samples were $trouble for $lengthMs ms, a lost message is missed as soon as before',
  async (one) => {
    const score = await playBacklog(one, 7);
    const missed = Object.keys(BOUNDS).filter((bound) => !BOUNDS[bound]!(score));
    expect(missed, JSON.stringify(score)).toEqual([]);
  },
  60_000,
);

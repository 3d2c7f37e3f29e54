import { expect, test } from 'vitest';
import { play } from './absence.ts';
import { playDeploy } from './deploy.ts';
import { playOutage } from './outage.ts';
import { playSagas } from './sagas.ts';
import { SHAPES } from './shapes.ts';
import { random, simulate } from './simulator.ts';

/**
 * Time limit of these tests, ms. They are short versions of `npm run absence` and `npm run sagas`,
 * which run five seeds at full length, and check correctness, not speed.
 */
const LIMIT_MS = 240_000;
const startMs = 1_794_000_000_000;
const simulated = simulate({
  seed: 7,
  shapes: SHAPES,
  flows: 3000,
  stalls: 50,
  // Stalls begin after a quarter of the flows, because the server must first learn the flow type.
  stallsFrom: 0.25,
  startMs,
  overMs: 3_600_000,
});

test.each([
  ['in order', {}],
  [
    'shuffled and repeated, with a restart in the middle',
    { shuffle: { windowMs: 3000, random: random(8) }, restartAt: 0.5 },
  ],
])(
  'stalls are found and named without a definition: %s',
  async (_, options) => {
    const score = await play(simulated, startMs, options);
    expect(score.falseAlarms, score.missed.join()).toEqual([]);
    expect(score.recall).toBeGreaterThanOrEqual(0.95);
    expect(score.named).toBeGreaterThanOrEqual(0.95);
  },
  LIMIT_MS,
);

test(
  'stalls that a young type took for legal are found in hindsight, across a restart',
  async () => {
    // In this simulation, five of the first hundred flows stall at the same step.
    const young = simulate({
      ...{ seed: 13, shapes: [SHAPES[2]!], flows: 1000, stalls: 24 },
      ...{ startMs, overMs: 2 * 3_600_000 },
    });
    const score = await play(young, startMs, { restartAt: 0.6 });
    expect([score.missed, score.falseAlarms]).toEqual([[], []]);
    expect(score.inHindsight).toBeGreaterThan(0);
  },
  LIMIT_MS,
);

test(
  'the compensation audit tells six kinds of defects apart and accuses nobody else',
  async () => {
    const score = await playSagas(3, 300, 8);
    expect(score.wrong).toEqual([]);
    expect(score.falseAlarms).toEqual([]);
  },
  LIMIT_MS,
);

test(
  'an outage is one incident, told once when it opens and once when it is over',
  async () => {
    const score = await playOutage(1, 2000);
    expect(score.held).toBeGreaterThan(400);
    expect(score).toMatchObject({ incidents: 1, opened: 1, resolved: 1 });
    expect(score.counted).toBeGreaterThanOrEqual(0.99);
    expect(score.noticeMs).toBeLessThanOrEqual(30_000);
  },
  LIMIT_MS,
);

test(
  'a release that drops a step is learned after a few alarms; a dead consumer is not taken for one',
  async () => {
    const dropped = await playDeploy(1, 1200, true);
    expect(dropped.alarms).toBeLessThan(30);
    expect(dropped.lastAlarmMs).toBeLessThan(15 * 60_000);
    const dead = await playDeploy(1, 1200, false);
    expect(dead.alarms).toBeGreaterThan(500);
  },
  LIMIT_MS,
);

import { expect, test } from 'vitest';
import { aDigest, type StepSketch } from '../../testing/digests.ts';
import type { Digest } from './digest.ts';
import { createTypeModel, teach, type TypeModel } from './model.ts';
import { quietAfterMs } from './quiet.ts';

const SETTLE_MS = 1000;
/** Returns a model of orders whose payment is usually taken `afterMs` after they were placed. */
function modelOf(afterMs: number): TypeModel {
  const model = createTypeModel();
  for (let i = 0; i < 30; i++) {
    const digest = aDigest(`f${i}`, [
      { as: 'place', atMs: 0, sends: { q: ['take'] } },
      { as: 'take', atMs: afterMs, from: 'place' },
    ]);
    for (const wait of digest.messages[0]!.waits) wait.ms = afterMs;
    teach(model, digest, 1);
  }
  return model;
}
const place: StepSketch = { as: 'place', atMs: 0 };
const untaken: Digest = aDigest('f', [{ ...place, sends: { q: [] } }]);
const taken: Digest = aDigest('f', [
  { ...place, sends: { q: ['take'] } },
  { as: 'take', atMs: 10, from: 'place' },
]);

test('of a type of which nothing is known a flow is quiet after the settling time', () => {
  expect(quietAfterMs(untaken, undefined, SETTLE_MS)).toBe(SETTLE_MS);
  expect(quietAfterMs(untaken, createTypeModel(), SETTLE_MS)).toBe(SETTLE_MS);
});

test('what was sent and not taken is waited for, three times as long as usual', () => {
  const after = quietAfterMs(untaken, modelOf(100_000), SETTLE_MS);
  expect(after).toBeGreaterThanOrEqual(300_000);
  expect(after).toBeLessThan(1.06 * 300_000);
});

test('what was taken, by a step after which nothing usually comes, is not waited for', () => {
  expect(quietAfterMs(taken, modelOf(100_000), SETTLE_MS)).toBe(SETTLE_MS);
});

test('a step that did nothing yet is waited for, and who takes what it sends', () => {
  const idle = aDigest('f', [place]);
  const after = quietAfterMs(idle, modelOf(100_000), SETTLE_MS);
  // The flow is quiet after three times the usual time: 5 ms until the step sends its message, and
  // 100 s until the message is taken.
  expect(after).toBeGreaterThan(300_000 + 3 * 5 - 1);
  expect(after).toBeLessThan(1.06 * (300_000 + 3 * 6));
});

test('never sooner than the settling time', () => {
  expect(quietAfterMs(untaken, modelOf(1), SETTLE_MS)).toBe(SETTLE_MS);
});

import { expect, test } from 'vitest';
import { createBackpressure } from './backpressure.ts';

/** Lets all promises settle that do not wait for anything else. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('nobody waits, and nothing is asked for, while projection keeps up', async () => {
  let held = 0;
  await createBackpressure(
    () => false,
    () => held++,
  ).waitForCapacity();
  expect(held).toBe(0);
});

test('who waits looks again at each release, and goes on only once projection has caught up', async () => {
  let isBehind = true;
  let held = 0;
  let passed = 0;
  const backpressure = createBackpressure(
    () => isBehind,
    () => held++,
  );
  const waits = [1, 2].map(() => backpressure.waitForCapacity().then(() => passed++));
  expect(held).toBe(2);
  backpressure.release();
  await turn();
  // Both senders still wait, and each of them has requested the next cycle again.
  expect([passed, held]).toEqual([0, 4]);
  isBehind = false;
  await turn();
  expect(passed).toBe(0);
  backpressure.release();
  await Promise.all(waits);
  expect([passed, held]).toEqual([2, 4]);
});

test('after the end nobody waits, although projection is behind for ever', async () => {
  const backpressure = createBackpressure(
    () => true,
    () => undefined,
  );
  const waiting = backpressure.waitForCapacity();
  backpressure.end();
  await waiting;
  await expect(backpressure.waitForCapacity()).resolves.toBeUndefined();
});

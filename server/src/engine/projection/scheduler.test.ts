import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createScheduler, type SchedulerOptions } from './scheduler.ts';

/** Creates a scheduler whose cycles end when the test ends them. */
function bench(nextDelayMs: SchedulerOptions['nextDelayMs'] = () => null) {
  const clock = manualClock();
  const ends: (() => void)[] = [];
  let runs = 0;
  const scheduler = createScheduler({
    clock,
    run: () =>
      new Promise((resolve) => {
        runs++;
        ends.push(resolve);
      }),
    nextDelayMs,
  });
  return {
    clock,
    scheduler,
    runs: () => runs,
    endCycle: async () => {
      const over = scheduler.idle();
      ends.shift()!();
      await over;
    },
  };
}

test('a cycle runs after its delay, once, however often it is scheduled', () => {
  const { clock, scheduler, runs } = bench();
  scheduler.schedule(100);
  scheduler.schedule(50);
  clock.advance(99);
  expect(runs()).toBe(0);
  clock.advance(1);
  expect(runs()).toBe(1);
  clock.advance(1000);
  expect(runs()).toBe(1);
});

test('what is due at once does not wait for the cycle that is scheduled', () => {
  const { clock, scheduler, runs } = bench();
  scheduler.schedule(100);
  scheduler.schedule(0);
  clock.advance(0);
  expect(runs()).toBe(1);
  clock.advance(1000);
  expect(runs()).toBe(1);
});

test('what becomes due while a cycle runs makes the next one, and never runs beside it', async () => {
  const told: [number, boolean][] = [];
  const { clock, scheduler, runs, endCycle } = bench((tookMs, rerunRequested) => {
    told.push([tookMs, rerunRequested]);
    return rerunRequested ? 10 : null;
  });
  scheduler.schedule(0);
  clock.advance(0);
  scheduler.schedule(0);
  clock.advance(30);
  expect(runs()).toBe(1);
  await endCycle();
  clock.advance(9);
  expect(runs()).toBe(1);
  clock.advance(1);
  expect(runs()).toBe(2);
  await endCycle();
  clock.advance(1000);
  expect(runs()).toBe(2);
  expect(told).toEqual([
    [30, true],
    [0, false],
  ]);
});

test("a rerun that is requested where no cycle runs is the next one's, and only the next one's", async () => {
  const requested: boolean[] = [];
  const { clock, scheduler, endCycle } = bench((_tookMs, rerunRequested) => {
    requested.push(rerunRequested);
    return null;
  });
  scheduler.requestRerun();
  for (let i = 0; i < 2; i++) {
    scheduler.schedule(0);
    clock.advance(0);
    await endCycle();
  }
  expect(requested).toEqual([true, false]);
});

test('stopping takes back what is scheduled', async () => {
  const { clock, scheduler, runs } = bench();
  scheduler.schedule(10);
  await scheduler.stop();
  scheduler.schedule(0);
  clock.advance(1000);
  expect(runs()).toBe(0);
});

test('stopping waits for the cycle that is under way, and none follows it', async () => {
  const { clock, scheduler, runs, endCycle } = bench(() => 0);
  scheduler.schedule(0);
  clock.advance(0);
  let stopped = false;
  const stop = scheduler.stop().then(() => (stopped = true));
  await Promise.resolve();
  expect(stopped).toBe(false);
  await endCycle();
  await stop;
  clock.advance(1000);
  expect(runs()).toBe(1);
});

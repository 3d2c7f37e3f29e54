import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import { createLearnedSaver } from './learned-saver.ts';

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

/** Returns the times, ms, at which models were saved, if each save takes so long. */
async function savesIn(totalMs: number, tookMs: number): Promise<number[]> {
  const clock = manualClock(0);
  const saves: number[] = [];
  const model = { environment: '', type: 'order', version: 1, json: '{}' };
  const saver = createLearnedSaver({
    clock,
    log: silentLog,
    store: {
      learned: () => Promise.resolve([]),
      documents: () => Promise.resolve([]),
      saveDocument: () => Promise.resolve(),
      saveLearned: async () => {
        saves.push(clock.now());
        await Promise.resolve();
        clock.advance(tookMs);
      },
    },
    expectations: { load: () => undefined, takeChanged: () => [model] },
    clocks: { load: () => undefined, takeChanged: () => null },
    names: { load: () => undefined, takeChanged: () => null },
  });
  saver.start();
  while (clock.now() < totalMs) {
    clock.advance(1000);
    await settled();
  }
  await saver.stop();
  return saves;
}

test('a crash loses a few seconds of what was learned', async () => {
  expect(await savesIn(20_000, 0)).toEqual([5000, 10_000, 15_000, 20_000, 20_000]);
});

test.each([
  [200, 5000],
  [1000, 20_000],
  [5000, 60_000],
])('a save that takes %d ms is followed by a pause of %d ms', async (tookMs, pauseMs) => {
  const [first, second] = await savesIn(100_000, tookMs);
  expect(first).toBe(5000);
  expect(second! - first! - tookMs).toBeGreaterThanOrEqual(pauseMs);
  expect(second! - first! - tookMs).toBeLessThan(pauseMs + 1000);
});

import { expect, test } from 'vitest';
import { manualClock } from './base/clock.ts';
import { createCounters } from './base/counters.ts';
import { createFigures } from './figures.ts';

test('each second shows what was committed in it, until it is stopped', () => {
  const clock = manualClock();
  const counters = createCounters();
  const shown: number[] = [];
  const figures = createFigures(
    clock,
    counters,
    () => ({ openFlows: 1, conditions: [] }),
    ({ spansPerSecond }) => shown.push(spansPerSecond),
  );
  counters.add('fermata_committed_records_total', 3);
  figures.start();
  counters.add('fermata_committed_records_total', 4);
  clock.advance(1000);
  clock.advance(1000);
  figures.stop();
  clock.advance(5000);
  expect(shown).toEqual([3, 4, 0]);
});

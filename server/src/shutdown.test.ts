import { expect, test } from 'vitest';
import { manualClock } from './base/clock.ts';
import { silentLog } from './base/log.ts';
import { stopAll } from './shutdown.ts';

test('parts stop in order; one that hangs is named and not waited for', async () => {
  const clock = manualClock();
  const events: string[] = [];
  const log = {
    ...silentLog,
    warn: (fields: object) => void events.push(`left ${(fields as { name: string }).name}`),
  };
  const stopped = stopAll(clock, log, {
    receiver: async () => void events.push('receiver'),
    hanging: () => new Promise<void>(() => undefined),
    store: async () => void events.push('store'),
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(events).toEqual(['receiver']);
  clock.advance(20_000);
  await stopped;
  expect(events).toEqual(['receiver', 'left hanging', 'store']);
});

import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import { emptyExport, type OtlpExport } from '../model/otlp.ts';
import { createIntake } from './intake.ts';

test('what the store says when it refuses is for the operator, and said now and then; the sender is told to come again', async () => {
  const clock = manualClock();
  const said: object[] = [];
  const intake = createIntake<OtlpExport>({
    clock,
    counters: createCounters(),
    log: { ...silentLog, error: (fields) => void said.push(fields) },
    maxWaiting: 10,
    maxCommit: 1,
    lingerMs: 0,
    mostLingerMs: 0,
    prepare: (request) => request,
    write: () => Promise.reject(new Error('Code: 243. /var/lib is full')),
  });
  const answer = async (): Promise<unknown> => {
    const offered = intake.offer(emptyExport()).catch((error: unknown) => error);
    await Promise.resolve();
    clock.advance(1);
    return await offered;
  };
  for (let i = 0; i < 3; i++)
    expect(await answer()).toMatchObject({
      code: 'store.unavailable',
      retryable: true,
      message: 'the store did not take or give data',
    });
  expect(said).toEqual([{ detail: 'Code: 243. /var/lib is full' }]);
  clock.advance(10_000);
  await answer();
  expect(said).toHaveLength(2);
  await intake.stop();
});

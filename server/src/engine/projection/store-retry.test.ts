import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import { createStoreRetry } from './store-retry.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function bench() {
  const clock = manualClock();
  const counters = createCounters();
  const errors: string[] = [];
  const log = { ...silentLog, error: (_: object, message: string) => void errors.push(message) };
  return {
    clock,
    errors,
    retry: createStoreRetry(clock, counters, log),
    failures: () =>
      counters.read().find(({ name }) => name === 'fermata_flow_write_failures_total')?.value,
  };
}

test('what works at once is done once', async () => {
  const { retry, failures } = bench();
  await expect(retry.untilDone('no', async () => 7)).resolves.toBe(7);
  expect([retry.abandoned, failures()]).toEqual([false, undefined]);
});

test('the store is asked again every second until it does what it is asked for', async () => {
  const { clock, retry, errors, failures } = bench();
  let tries = 0;
  const done = retry.untilDone('rows could not be written', async () => {
    if (++tries < 3) throw new Error('down');
    return 'written';
  });
  await turn();
  clock.advance(999);
  await turn();
  expect(tries).toBe(1);
  clock.advance(1);
  await turn();
  expect(tries).toBe(2);
  clock.advance(1000);
  await expect(done).resolves.toBe('written');
  expect([retry.abandoned, failures()]).toEqual([false, 2]);
  expect(errors).toEqual(Array(2).fill('rows could not be written; trying again'));
});

test('after a stop the first failure is the last, and everything is abandoned', async () => {
  const { clock, retry, errors } = bench();
  let tries = 0;
  const work = async (): Promise<never> => {
    tries++;
    throw new Error('down');
  };
  const waiting = retry.untilDone('it failed', work);
  await turn();
  retry.stop();
  expect(retry.abandoned).toBe(false);
  clock.advance(1000);
  await expect(waiting).resolves.toBeUndefined();
  expect([tries, retry.abandoned]).toEqual([2, true]);
  expect(errors.at(-1)).toBe('it failed; that follows at the next start');
  retry.stop();
  expect(retry.abandoned).toBe(true);
});

test('what works after a stop is done as before', async () => {
  const { retry } = bench();
  retry.stop();
  await expect(retry.untilDone('no', async () => 'done')).resolves.toBe('done');
  expect(retry.abandoned).toBe(false);
});

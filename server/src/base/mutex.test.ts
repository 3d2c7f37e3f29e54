import { expect, test } from 'vitest';
import { createMutex } from './mutex.ts';

test('work runs one after the other, and a failure does not stop what waits behind it', async () => {
  const mutex = createMutex();
  const events: string[] = [];
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const first = mutex.run(async () => {
    events.push('first begins');
    await gate;
    events.push('first ends');
    throw new Error('refused');
  });
  const second = mutex.run(async () => {
    events.push('second');
    return 2;
  });
  const outcome = expect(first).rejects.toThrow('refused');
  release();
  await outcome;
  expect(await second).toBe(2);
  await mutex.idle();
  expect(events).toEqual(['first begins', 'first ends', 'second']);
});

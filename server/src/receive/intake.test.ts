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

test('a request that waits for more than its commit is answered by itself; the others, and later ones, do not wait', async () => {
  const clock = manualClock();
  const ends = new Map<string, (error?: Error) => void>();
  const intake = createIntake<{ name: string }>({
    clock,
    counters: createCounters(),
    log: silentLog,
    maxWaiting: 100,
    maxCommit: 100,
    lingerMs: 1,
    mostLingerMs: 1,
    prepare: (request) => ({ name: request.spans[0]!.name }),
    write: async () => ({
      correlate: () => Promise.resolve(),
      later: ({ name }) =>
        name.startsWith('late')
          ? new Promise<void>((resolve, reject) =>
              ends.set(name, (error) => (error ? reject(error) : resolve())),
            )
          : undefined,
    }),
  });
  const answers: string[] = [];
  const offer = (name: string): Promise<unknown> =>
    intake.offer({ ...emptyExport(), spans: [{ name } as OtlpExport['spans'][number]] }).then(
      () => answers.push(name),
      () => answers.push(`${name} refused`),
    );
  const settled = async (): Promise<void> => {
    clock.advance(1);
    await new Promise((resolve) => setImmediate(resolve));
  };
  void offer('late-1');
  void offer('late-2');
  void offer('a');
  await settled();
  void offer('b');
  await settled();
  expect([answers, intake.waiting]).toEqual([['a', 'b'], 2]);
  ends.get('late-2')!(new Error('the store is gone'));
  await settled();
  expect(answers).toEqual(['a', 'b', 'late-2 refused']);
  let stopped = false;
  const stopping = intake.stop().then(() => (stopped = true));
  await settled();
  expect(stopped, 'whoever waits is answered first').toBe(false);
  ends.get('late-1')!();
  await stopping;
  expect([answers.at(-1), intake.waiting]).toEqual(['late-1', 0]);
});

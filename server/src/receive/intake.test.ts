import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import { silentLog } from '../base/log.ts';
import { emptyExport, type OtlpExport } from '../model/otlp.ts';
import { createIntake, type Intake } from './intake.ts';

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

interface Slow {
  clock: ReturnType<typeof manualClock>;
  intake: Intake;
  answers: string[];
  outcomes: string[];
  offer: (name: string) => Promise<void>;
  /** Writes in progress, oldest first. The test ends each of them by `end`. */
  writes: { names: string[]; end: (error?: Error) => void }[];
  pass: (ms: number) => Promise<void>;
}
const slowStore = (): Slow => {
  const clock = manualClock();
  const answers: string[] = [];
  const outcomes: string[] = [];
  const writes: Slow['writes'] = [];
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const intake = createIntake<{ name: string }>({
    clock,
    counters: createCounters(),
    log: silentLog,
    maxWaiting: 100,
    maxCommit: 2,
    lingerMs: 1,
    mostLingerMs: 1,
    prepare: (request) => ({ name: request.spans[0]!.name }),
    write: (prepared) =>
      new Promise((resolve, reject) =>
        writes.push({
          names: prepared.map(({ name }) => name),
          end: (error) => (error ? reject(error) : resolve({ correlate: () => Promise.resolve() })),
        }),
      ),
    onCommit: (failure) => outcomes.push(failure === undefined ? 'taken' : messageOf(failure)),
  });
  const offer = async (name: string): Promise<void> => {
    intake.offer({ ...emptyExport(), spans: [{ name } as OtlpExport['spans'][number]] }).then(
      () => answers.push(`${name} taken`),
      (error: FermataError) => answers.push(`${name} ${error.code} ${error.retryable}`),
    );
    await pass(1);
  };
  return { clock, intake, answers, outcomes, writes, offer, pass };
};

test('where a commit hangs, each is answered before its sender gives up, and those after it at once', async () => {
  const { intake, answers, writes, offer, pass, outcomes } = slowStore();
  for (const name of ['a', 'b', 'c']) await offer(name);
  await pass(4000);
  await offer('d');
  expect([answers, intake.waiting]).toEqual([[], 4]);
  await pass(2000);
  await offer('e');
  expect(answers).toEqual(['e intake.full true']);
  await pass(2000);
  const refused = ['a', 'b', 'c'].map((name) => `${name} store.unavailable true`);
  expect(answers.slice(1)).toEqual(refused);
  await pass(4000);
  expect(answers.slice(4)).toEqual(['d store.unavailable true']);
  // The request whose write is in progress still counts as waiting. The other requests were removed
  // from the queue.
  expect([intake.waiting, writes.map(({ names }) => names)]).toEqual([1, [['a']]]);
  expect(intake.oldestMs).toBeGreaterThan(12_000);
  expect(new Set(outcomes)).toEqual(new Set(['the store did not answer in time']));
  writes.shift()!.end();
  await pass(1);
  expect([intake.waiting, intake.oldestMs, outcomes.at(-1)]).toEqual([0, 0, 'taken']);
  await offer('f');
  writes.shift()!.end();
  await pass(1);
  expect(answers.slice(5)).toEqual(['f taken']);
});

test('a stop answers all, and waits for no commit that hangs', async () => {
  const { intake, answers, writes, offer, pass, outcomes } = slowStore();
  await offer('a');
  await offer('b');
  let stopped = false;
  void intake.stop().then(() => (stopped = true));
  await pass(7000);
  expect([stopped, answers]).toEqual([false, []]);
  await pass(2000);
  expect([stopped, answers]).toEqual([
    true,
    ['a store.unavailable true', 'b store.unavailable true'],
  ]);
  writes.shift()!.end();
  await pass(1);
  expect(outcomes).not.toContain('taken');
});

test('what is known to be refused is not prepared', async () => {
  const counters = createCounters();
  const intake = createIntake<never>({
    clock: manualClock(),
    counters,
    log: silentLog,
    maxWaiting: 10,
    maxCommit: 1,
    lingerMs: 0,
    mostLingerMs: 0,
    prepare: () => {
      throw new Error('never');
    },
    write: () => Promise.reject(new Error('never')),
    refusal: () => new FermataError('data.low', 'nearly full', { retryable: true }),
  });
  const spans = [{ name: 'a' }, { name: 'b' }] as OtlpExport['spans'];
  await expect(intake.offer({ ...emptyExport(), spans })).rejects.toMatchObject({
    code: 'data.low',
  });
  expect(counters.read()).toEqual([
    { name: 'fermata_refused_records_total', value: 2, kind: 'counter' },
  ]);
});

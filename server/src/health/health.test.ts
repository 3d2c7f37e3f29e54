import { expect, test } from 'vitest';
import { manualClock, type ManualClock } from '../base/clock.ts';
import { createCounters, type Counters } from '../base/counters.ts';
import { failureOf } from '../base/failures.ts';
import { createHealth, type Condition, type Health } from './index.ts';

const GIB = 2 ** 30;
const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface World {
  health: Health;
  clock: ManualClock;
  counters: Counters;
  /** Advances the clock by seconds, and lets pending reads complete. */
  pass(seconds: number): Promise<void>;
  ids(): string[];
  free: number | Error;
  total: number;
  ping: () => Promise<boolean>;
  probe: () => Promise<void>;
  probes: number;
  oldestMs: number;
  known: Condition[];
}
const world = (minFree = GIB / 4): World => {
  const clock = manualClock();
  const counters = createCounters();
  const self: World = {
    clock,
    counters,
    health: undefined as unknown as Health,
    free: GIB,
    total: 100 * GIB,
    ping: () => Promise.resolve(true),
    probe: () => Promise.resolve(),
    probes: 0,
    oldestMs: 0,
    known: [],
    ids: () => self.health.conditions().map(({ id }) => id),
    async pass(seconds) {
      for (let i = 0; i < seconds; i++) {
        clock.advance(1000);
        await tick();
      }
    },
  };
  self.health = createHealth({
    clock,
    counters,
    disk: {
      directory: '/data',
      minFree,
      readSpace: () =>
        typeof self.free === 'number'
          ? Promise.resolve({ free: self.free, total: self.total })
          : Promise.reject(self.free),
    },
    probe: () => {
      self.probes++;
      return self.probe();
    },
    ping: () => self.ping(),
  });
  self.health.start({ oldestMs: () => self.oldestMs, sources: [() => self.known] });
  return self;
};
const errno = (code: string): Error => Object.assign(new Error(`${code}: write`), { code });

test.each([
  [errno('ENOSPC'), 'disk-full'],
  [errno('EROFS'), 'read-only'],
  [errno('EIO'), 'disk-error'],
  [errno('EMFILE'), 'no-files'],
  [errno('ECONNREFUSED'), 'unreachable'],
  [new Error('Timeout error.'), 'timeout'],
  [
    new Error(
      'Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space (NOT_ENOUGH_SPACE)',
    ),
    'disk-full',
  ],
  [new Error('Code: 241. DB::Exception: Memory limit exceeded'), 'memory'],
  [new Error('Code: 252. DB::Exception: Too many parts (300)'), 'other'],
  [new Error('wrapped', { cause: new Error('twice', { cause: errno('EROFS') }) }), 'read-only'],
  ['not an error', 'other'],
])('%s is a failure of the kind %s', (error, kind) => {
  expect(failureOf(error).kind).toBe(kind);
});

test('what failed is said until a commit succeeds, with since when', async () => {
  const it = world();
  it.probe = () => Promise.reject(errno('EROFS'));
  expect(await it.health.notReady()).toEqual([]);
  it.health.committed(errno('ENOSPC'));
  const since = it.clock.now();
  await it.pass(1);
  it.health.committed(errno('EROFS'));
  expect(await it.health.notReady()).toEqual(['Spans cannot be stored: the disk can only be read']);
  expect(it.health.conditions()).toMatchObject([{ id: 'commits-failing', since, blocks: true }]);
  await it.pass(300);
  expect(it.ids()).toEqual(['commits-failing']);
  it.health.committed();
  expect(await it.health.notReady()).toEqual([]);
});

test('where nobody sends any more, something small is written, and with that it is ready again', async () => {
  const it = world();
  it.probe = () => Promise.reject(errno('ENOSPC'));
  it.health.committed(errno('ENOSPC'));
  await it.pass(60);
  expect(it.probes).toBeGreaterThan(10);
  expect(await it.health.notReady()).toHaveLength(1);
  it.probe = () => Promise.resolve();
  await it.pass(3);
  expect(await it.health.notReady()).toEqual([]);
  it.probes = 0;
  await it.pass(600);
  expect(it.probes, 'what works is not tried').toBe(0);
});

test('a probe that succeeds while commits go on to fail is believed ever more seldom', async () => {
  const it = world();
  const readyAfter: number[] = [];
  for (let i = 0; i < 4; i++) {
    it.health.committed(errno('EIO'));
    let seconds = 0;
    for (; (await it.health.notReady()).length > 0; seconds++) await it.pass(1);
    readyAfter.push(seconds);
  }
  expect(readyAfter).toEqual([2, 4, 8, 16]);
  it.health.committed();
  it.health.committed(errno('EIO'));
  await it.pass(2);
  expect(await it.health.notReady()).toEqual([]);
});

test('a store that never answers is a reason after two seconds, whoever asks, and is asked once', async () => {
  const it = world();
  let asked = 0;
  let answer = (_isThere: boolean): void => undefined;
  await tick();
  it.ping = () => {
    asked++;
    return new Promise((resolve) => (answer = resolve));
  };
  const readers = Array.from({ length: 5 }, () => it.health.notReady());
  await it.pass(2);
  for (const reasons of await Promise.all(readers))
    expect(reasons).toEqual(['The store does not answer']);
  await it.pass(120);
  expect([asked, it.ids()]).toEqual([1, ['store-silent']]);
  answer(true);
  await it.pass(6);
  it.ping = () => Promise.resolve(true);
  answer(true);
  expect(await it.health.notReady()).toEqual([]);
  it.ping = () => Promise.reject(new Error('gone'));
  expect(await it.health.notReady()).toEqual(['The store does not answer']);
});

test('a store that is slow to answer, and takes what is sent, is told and no reason to send nothing', async () => {
  const it = world();
  await tick();
  it.ping = () => Promise.resolve(false);
  it.health.committed();
  expect(await it.health.notReady()).toEqual([]);
  expect(it.ids()).toEqual(['store-silent']);
  await it.pass(11);
  expect(await it.health.notReady()).toEqual(['The store does not answer']);
});

test('one that waits too long for its commit is a reason; what waits as usual is none', async () => {
  const it = world();
  it.oldestMs = 9000;
  expect(await it.health.notReady()).toEqual([]);
  it.oldestMs = 12_000;
  expect(await it.health.notReady()).toEqual(['A request has waited 12 s to be stored']);
  expect(it.health.conditions()[0]!.since).toBe(it.clock.now() - 12_000);
});

test('below the low-water mark all is refused, retryably, until there is a quarter more than it', async () => {
  const it = world();
  const refused: boolean[] = [];
  for (const free of [0.26, 0.24, 0.26, 0.3, 0.32, 0.26, 0.24, 0.5]) {
    it.free = free * GIB;
    await it.pass(2);
    refused.push(it.health.refusal() !== null);
    expect((await it.health.notReady()).length > 0).toBe(refused.at(-1));
  }
  expect(refused).toEqual([false, true, true, true, false, false, true, false]);
  it.free = 0;
  await it.pass(2);
  expect(it.health.refusal()).toMatchObject({ code: 'data.low', retryable: true });
  expect(it.counters.read()).toContainEqual({
    name: 'fermata_disk_free_bytes',
    value: 0,
    kind: 'gauge',
  });
  it.free = errno('EIO');
  await it.pass(2);
  expect(it.health.refusal(), 'what is not known is as it was').not.toBeNull();
  expect(it.counters.read().some(({ name }) => name === 'fermata_disk_free_bytes')).toBe(false);
});

test('of a small disk the mark is a tenth: an empty one is not too full', async () => {
  const it = world();
  it.total = GIB / 5;
  const refused: boolean[] = [];
  for (const free of [0.19, 0.03, 0.019, 0.024, 0.026]) {
    it.free = free * GIB;
    await it.pass(2);
    refused.push(it.health.refusal() !== null);
  }
  expect(refused).toEqual([false, false, true, true, false]);
});

test('who asks for more than the usual mark gets it, however small the disk', async () => {
  const it = world(GIB);
  it.total = 2 * GIB;
  it.free = 0.9 * GIB;
  await it.pass(2);
  expect(it.health.refusal()).toMatchObject({ code: 'data.low' });
});

test('conditions come from whoever knows of them, what blocks first, and keep since when', async () => {
  const it = world();
  const quiet = { id: 'quiet', text: '', hint: '', blocks: false };
  it.known = [quiet];
  await it.pass(1);
  const since = it.clock.now();
  it.known = [quiet, { ...quiet, id: 'loud', blocks: true }];
  await it.pass(10);
  expect(it.ids()).toEqual(['loud', 'quiet']);
  expect(it.health.conditions()[1]!.since).toBe(since);
  expect(it.counters.read()).toContainEqual({
    ...{ name: 'fermata_condition', labels: { id: 'quiet' }, value: 1, kind: 'gauge' },
  });
  it.known = [];
  await it.pass(1);
  expect(it.ids()).toEqual([]);
});

test('what is counted is a condition while it grows, and for an hour', async () => {
  const it = world();
  it.counters.add('fermata_types_not_learned_total', 0);
  it.counters.add('fermata_commits_total', 5);
  await it.pass(2);
  expect(it.ids()).toEqual([]);
  it.counters.add('fermata_types_not_learned_total');
  await it.pass(1);
  const since = it.clock.now();
  await it.pass(3000);
  it.counters.add('fermata_types_not_learned_total');
  await it.pass(3000);
  expect(it.health.conditions()).toMatchObject([{ id: 'types-not-learned', since, blocks: false }]);
  expect(await it.health.notReady()).toEqual([]);
  await it.pass(700);
  expect(it.ids()).toEqual([]);

  let isRunning = 1;
  it.counters.gauge('fermata_rebuild_running', () => isRunning);
  it.counters.add('fermata_journal_damaged_records_total');
  await it.pass(1);
  expect(it.ids().sort()).toEqual(['journal-damaged', 'rebuilding']);
  isRunning = 0;
  await it.pass(4000);
  expect(it.ids(), 'what is lost stays so').toEqual(['journal-damaged']);
});

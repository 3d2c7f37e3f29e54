import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import type { Flow } from '../../model/flow.ts';
import { retriesOf } from '../../model/search-match.ts';
import { someFlows } from '../../testing/some-flows.ts';
import { createPublisher, type Announcement } from './publisher.ts';
import { createStoreRetry } from './store-retry.ts';

function bench({ watched = true, readable = true } = {}) {
  let isWatched = watched;
  const clock = manualClock();
  const [plain] = someFlows(1, clock.now()) as [Flow];
  const announced: Announcement[][] = [];
  const committed: [ids: string[], gone: readonly string[]][] = [];
  const asked: (readonly string[])[] = [];
  const due: number[] = [];
  const retry = createStoreRetry(clock, createCounters(), silentLog);
  const publisher = createPublisher({
    clock,
    retry,
    store: {
      async flowsByIds(ids) {
        asked.push(ids);
        if (!readable) throw new Error('down');
        return ids.map((id) => ({
          flow: { ...plain, id, phase: id.startsWith('open') ? 'open' : 'ended' },
          version: 3,
          ...{ stepCount: 0, retries: 0 },
          timelineComputedMs: 0,
        }));
      },
    },
    sink: {
      announce: (changes) => announced.push([...changes()]),
      committed: (flows, gone) => committed.push([flows.map(({ id }) => id), gone]),
      watched: () => isWatched,
    },
    settlesAt: (flow) => flow.lastReceivedMs + 1000,
    onDue: () => due.push(clock.now()),
  });
  const look = (now: boolean): boolean => (isWatched = now);
  return { clock, plain, retry, publisher, announced, committed, asked, due, look };
}
const manyIds = (count: number): string[] => Array.from({ length: count }, (_, i) => `${i}`);

test('flows and gone names are told, unattributed spans to nobody', () => {
  const { clock, plain, publisher, announced, committed } = bench();
  const flow: Flow = { ...plain, id: 'a', idleOutcome: null, lastReceivedMs: clock.now() };
  const gone = { kind: 'tombstone', id: 'b', version: 4, movedTo: 'a' } as const;
  publisher.publish([
    { kind: 'flow', id: 'a', version: 2, flow },
    gone,
    {
      kind: 'unattributed',
      id: 'u',
      version: 6,
      row: { key: 'k', receivedAtMs: 0, tokens: [], causes: [] },
    },
  ]);
  expect(committed).toEqual([[['a'], ['b']]]);
  expect(announced).toEqual([
    [{ flow, version: 2, stepCount: flow.steps.length, retries: retriesOf(flow) }, gone],
  ]);
});

test('a flow that is announced after it settled is told as ended, incidents get it as it was projected', () => {
  const { clock, plain, publisher, announced, committed } = bench();
  const flow: Flow = {
    ...plain,
    ...{ phase: 'open', outcome: null, idleOutcome: 'completed' },
    lastReceivedMs: clock.now() - 1000,
  };
  publisher.publish([{ kind: 'flow', id: flow.id, version: 2, flow }]);
  expect(announced[0]).toMatchObject([
    { version: 3, flow: { phase: 'ended', outcome: 'completed' } },
  ]);
  expect(committed).toEqual([[[flow.id], []]]);
});

test('settled flows are not read where nobody looks; that there are some is told', async () => {
  const { publisher, asked, announced } = bench({ watched: false });
  publisher.settled([]);
  expect(announced).toEqual([]);
  publisher.settled(['a']);
  await expect(publisher.announceSettled()).resolves.toBe(false);
  expect(asked).toEqual([]);
  expect(announced).toEqual([[]]);
});

test('settled flows are told a few hundred at a time, and only up to a bound', async () => {
  const { clock, publisher, announced, asked, due } = bench();
  publisher.settled(manyIds(4999));
  publisher.settled(['last', 'too many']);
  expect([await publisher.announceSettled(), asked, due]).toEqual([false, [], []]);
  clock.advance(2000);
  expect(due).toEqual([clock.now()]);
  let rounds = 1;
  while (await publisher.announceSettled()) rounds++;
  expect(rounds).toBe(10);
  expect(asked.map((ids) => ids.length)).toEqual(Array(10).fill(500));
  expect(asked.flat()).toContain('last');
  expect(asked.flat()).not.toContain('too many');
  expect(announced.flat()).toHaveLength(5000);
});

test('of a flow that was announced it is known how it looks once it settled, so it is not read', async () => {
  const { clock, plain, publisher, announced, asked, due } = bench();
  const open = (id: string): Flow => ({
    ...plain,
    ...{ id, phase: 'open', outcome: null, idleOutcome: 'completed', lastReceivedMs: clock.now() },
  });
  const change = (id: string, version: number) =>
    ({ kind: 'flow', id, version, flow: open(id) }) as const;
  publisher.publish([change('a', 2), change('b', 2), change('gone', 2)]);
  publisher.publish([change('a', 4), { kind: 'tombstone', id: 'gone', version: 4, movedTo: null }]);
  announced.length = 0;
  publisher.settled(['a', 'b']);
  expect(announced).toMatchObject([
    [
      { version: 5, stepCount: plain.steps.length, flow: { id: 'a', phase: 'ended', steps: [] } },
      { version: 3, flow: { id: 'b', outcome: 'completed', status: 'completed' } },
    ],
  ]);
  clock.advance(2000);
  expect([announced.length, due]).toEqual([1, []]);
  publisher.settled(['gone', 'a']);
  clock.advance(2000);
  await publisher.announceSettled();
  expect(asked).toEqual([['gone', 'a']]);
});

test('what nobody looks at is not kept', async () => {
  const { clock, plain, publisher, asked, look } = bench();
  const flow: Flow = { ...plain, ...{ id: 'a', phase: 'open', idleOutcome: 'completed' } };
  publisher.publish([
    { kind: 'flow', id: 'a', version: 2, flow: { ...flow, lastReceivedMs: clock.now() } },
  ]);
  look(false);
  publisher.settled([]);
  look(true);
  publisher.settled(['a']);
  clock.advance(2000);
  await publisher.announceSettled();
  expect(asked).toEqual([['a']]);
});

test('what the store says is open again is not told as settled', async () => {
  const { clock, publisher, announced } = bench();
  publisher.settled(['a', 'open again']);
  clock.advance(2000);
  await publisher.announceSettled();
  expect(announced).toMatchObject([[{ flow: { id: 'a' } }]]);
});

test('what cannot be read once we stop is told to nobody', async () => {
  const { clock, publisher, retry, announced } = bench({ readable: false });
  publisher.settled(['a']);
  clock.advance(2000);
  retry.stop();
  await expect(publisher.announceSettled()).resolves.toBe(false);
  expect(announced).toEqual([]);
});

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
  const clock = manualClock();
  const [plain] = someFlows(1, clock.now()) as [Flow];
  const announced: Announcement[][] = [];
  const committed: [ids: string[], gone: readonly string[]][] = [];
  const asked: (readonly string[])[] = [];
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
      watched: () => watched,
    },
    settlesAt: (flow) => flow.lastReceivedMs + 1000,
  });
  return { clock, plain, retry, publisher, announced, committed, asked };
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
  expect(publisher.settled([])).toBe(false);
  expect(announced).toEqual([]);
  expect(publisher.settled(['a'])).toBe(false);
  await expect(publisher.announceSettled()).resolves.toBe(false);
  expect(asked).toEqual([]);
  expect(announced).toEqual([[]]);
});

test('settled flows are told a few hundred at a time, and only up to a bound', async () => {
  const { publisher, announced, asked } = bench();
  expect(publisher.settled(manyIds(4999))).toBe(true);
  expect(publisher.settled(['last', 'too many'])).toBe(true);
  let rounds = 1;
  while (await publisher.announceSettled()) rounds++;
  expect(rounds).toBe(10);
  expect(asked.map((ids) => ids.length)).toEqual(Array(10).fill(500));
  expect(asked.flat()).toContain('last');
  expect(asked.flat()).not.toContain('too many');
  expect(announced.flat()).toHaveLength(5000);
});

test('what the store says is open again is not told as settled', async () => {
  const { publisher, announced } = bench();
  publisher.settled(['a', 'open again']);
  await publisher.announceSettled();
  expect(announced).toMatchObject([[{ flow: { id: 'a' } }]]);
});

test('what cannot be read once we stop is told to nobody', async () => {
  const { publisher, retry, announced } = bench({ readable: false });
  publisher.settled(['a']);
  retry.stop();
  await expect(publisher.announceSettled()).resolves.toBe(false);
  expect(announced).toEqual([]);
});

import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { silentLog } from '../base/log.ts';
import type { Flow } from '../model/flow.ts';
import type { Span } from '../model/span.ts';
import type { StoredSpan } from '../store/index.ts';
import { someFlows } from '../testing/some-flows.ts';
import { createBatches } from './batches.ts';
import { createDowntimeGrace } from './downtime-grace.ts';
import { recover, type RecoveryOptions } from './recovery.ts';

type Watermarks = Awaited<ReturnType<RecoveryOptions['store']['watermarks']>>;
interface Left {
  watermarks?: Partial<Watermarks>;
  /** Whether the store returns the names of all flows. */
  all?: boolean;
  spans?: number[];
  open?: { id: string; settlesAtMs: number; lookAtMs: number }[];
  stalled?: Flow[];
  /** Whether the server stops while spans are replayed. */
  stops?: boolean;
}

function bench({ watermarks, all = true, spans = [], open = [], stalled = [], stops }: Left) {
  const clock = manualClock();
  const batches = createBatches();
  const grace = createDowntimeGrace(clock);
  const said: string[] = [];
  const replayed: (readonly Span[])[] = [];
  const restored: [id: string, settlesAtMs: number | null, lookAtMs: number | null][] = [];
  const options: RecoveryOptions = {
    log: {
      ...silentLog,
      info: (fields, message) => void said.push(`${message} ${JSON.stringify(fields)}`),
    },
    batches,
    grace,
    store: {
      watermarks: async () => ({ lastBatch: 0, derivedBatch: 0, lastReceivedMs: 0, ...watermarks }),
      async names(capacity, onWorthless) {
        onWorthless?.([`of ${capacity}`]);
        const hashes = (async function* () {
          yield Buffer.from('hashes');
        })();
        return { all, hashes };
      },
      async *flowsWithFindings() {
        yield stalled;
      },
      async *openFlows() {
        yield open.map((flow) => ({ ...flow, type: 'order' }));
      },
      async *replay(after) {
        said.push(`replay after ${after}`);
        for (const count of spans) yield Array<StoredSpan>(count);
      },
    },
    names: {
      filterCapacity: 5,
      addWorthless: (tokens: readonly string[]) => void said.push(`worthless ${tokens.join()}`),
      addToFilter: (block: Buffer) => void said.push(`filter ${block.toString()}`),
      rotateFilter: () => void said.push('rotate'),
    } as unknown as RecoveryOptions['names'],
    expectations: { restoreStalled: ({ id }) => void said.push(`stalled ${id}`) },
    projection: {
      rows: { start: (batch: number) => void said.push(`rows ${batch}`) },
      changed: () => void said.push('changed'),
      projector: {
        openFlows: {
          size: 0,
          restore: (...one: (typeof restored)[number]) => void restored.push(one),
        },
      },
    } as unknown as RecoveryOptions['projection'],
    reloads: {
      async add(added: readonly Span[]) {
        replayed.push(added);
        return stops ? null : [];
      },
    },
    restore: (stored) => Array<Span>(stored.length),
  };
  return { clock, batches, grace, said, replayed, restored, run: () => recover(options) };
}

test('an empty store: nothing is replayed, and batches begin at the first', async () => {
  const { batches, grace, said, replayed, run } = bench({});
  await run();
  expect(said).toEqual(['rows 0', 'worthless of 5', 'filter hashes']);
  expect([replayed, grace.untilMs, batches.lastCorrelated]).toEqual([[], 0, 0]);
});

test('what was committed and is in no row yet is correlated, and then projected', async () => {
  const { batches, said, replayed, run } = bench({
    watermarks: { lastBatch: 9, derivedBatch: 7 },
    spans: [2, 1],
  });
  await run();
  expect(said.slice(3)).toEqual([
    'replay after 7',
    'caught up with spans committed before the last stop {"spans":3}',
    'changed',
  ]);
  expect(said[0]).toBe('rows 7');
  expect(replayed.map((spans) => spans.length)).toEqual([2, 1]);
  expect(batches.lastCorrelated).toBe(9);
});

test('a stop in the middle of the replay claims none of what was replayed', async () => {
  const { batches, said, replayed, run } = bench({
    watermarks: { lastBatch: 9, derivedBatch: 7 },
    spans: [2, 1],
    stops: true,
  });
  await run();
  expect(replayed).toHaveLength(1);
  expect(batches.lastCorrelated).toBe(7);
  expect(said).not.toContain('changed');
});

test('of a long replay is told how far it is, not of every block', async () => {
  const { said, run } = bench({
    watermarks: { lastBatch: 1 },
    spans: [60_000, 60_000, 60_000, 60_000],
  });
  await run();
  expect(said.filter((line) => line.startsWith('catching up'))).toEqual([
    'catching up {"spans":120000}',
    'catching up {"spans":240000}',
  ]);
});

test('a filter that does not hold all names is begun anew', async () => {
  const { said, run } = bench({ all: false });
  await run();
  expect(said).toEqual(['rows 0', 'worthless of 5', 'filter hashes', 'rotate']);
});

test('open flows settle as they were to, and are judged only after the grace for the downtime', async () => {
  const { clock, restored, run } = bench({
    watermarks: { lastReceivedMs: manualClock().now() - 1000 },
    open: [
      { id: 'a', settlesAtMs: 5, lookAtMs: 7 },
      { id: 'b', settlesAtMs: 0, lookAtMs: 0 },
    ],
  });
  await run();
  expect(restored).toEqual([
    ['a', 5, clock.now() + 1000 + 30_000],
    ['b', null, null],
  ]);
});

test('what stalls is known before anything is replayed', async () => {
  const [flow] = someFlows(1, 1_700_000_000_000) as [Flow];
  const { said, run } = bench({ watermarks: { lastBatch: 1 }, stalled: [flow] });
  await run();
  expect(said.indexOf(`stalled ${flow.id}`)).toBeGreaterThan(-1);
  expect(said.indexOf(`stalled ${flow.id}`)).toBeLessThan(said.indexOf('replay after 0'));
});

import { expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { createCounters, type Reading } from '../base/counters.ts';
import type { Flow, Hop } from '../model/flow.ts';
import { nanosFromMs } from '../model/time.ts';
import { someFlows } from '../testing/some-flows.ts';
import { createSeries, type TypeCount } from './index.ts';
import { createSlots, OTHERS } from './names.ts';

const SETTLE_MS = 30_000;
function bench() {
  const clock = manualClock();
  const counters = createCounters();
  let types: TypeCount[] = [];
  const asked: number[] = [];
  const series = createSeries({
    ...{ clock, counters, settleMs: SETTLE_MS },
    typesNow: async () => {
      asked.push(clock.now());
      return types;
    },
  });
  const [plain] = someFlows(1, clock.now()) as [Flow];
  /** Returns a flow that started a second ago. `more` overrides its fields. */
  const flow = (id: string, more: Partial<Flow> = {}): Flow => ({
    ...{ ...plain, id, type: 'order', environment: 'prod', hops: [], durationMs: 1000 },
    ...{ phase: 'open', outcome: null, idleOutcome: null, ended: null },
    ...{ started: nanosFromMs(clock.now() - 1000), lastProgress: nanosFromMs(clock.now()) },
    lastReceivedMs: clock.now(),
    ...more,
  });
  const readings = (name: string): Reading[] =>
    counters.read().filter((reading) => reading.name === name);
  const value = (name: string): number =>
    readings(name).reduce((sum, reading) => sum + reading.value, 0);
  return {
    ...{ clock, series, flow, readings, value, asked },
    setTypes: (now: TypeCount[]) => (types = now),
  };
}
const ended = (outcome: 'completed' | 'failed'): Partial<Flow> => ({ phase: 'ended', outcome });

test('a flow counts once when it starts and once when it ends, however often it changes', () => {
  const { series, flow, value, readings } = bench();
  series.observe([flow('a')]);
  series.observe([flow('a'), flow('b')]);
  expect(value('fermata_flows_started_total')).toBe(2);
  series.observe([flow('a', ended('failed'))]);
  series.observe([flow('a', ended('failed')), flow('a', ended('completed'))]);
  expect(readings('fermata_flows_ended_total')).toEqual([
    {
      ...{ name: 'fermata_flows_ended_total', kind: 'counter', value: 1 },
      labels: { flow_type: 'order', environment: 'prod', outcome: 'failed' },
    },
  ]);
  expect(value('fermata_flow_duration_seconds')).toBe(1);
});

test('a flow without a declared end has ended when it has settled, unless it goes on', () => {
  const { clock, series, flow, value } = bench();
  series.observe([flow('a', { idleOutcome: 'completed' })]);
  expect(value('fermata_flows_ended_total')).toBe(0);
  clock.advance(SETTLE_MS - 1);
  series.observe([flow('a', { idleOutcome: 'completed' })]);
  clock.advance(SETTLE_MS - 1);
  expect(value('fermata_flows_ended_total')).toBe(0);
  clock.advance(1);
  expect(value('fermata_flows_ended_total')).toBe(1);
  series.observe([flow('b', { idleOutcome: 'completed' })]);
  series.observe([flow('b', { idleOutcome: null })]);
  clock.advance(SETTLE_MS);
  expect(value('fermata_flows_ended_total')).toBe(1);
});

test('however many flows wait until they have settled, each is counted', () => {
  const { series, flow, value } = bench();
  const many = Array.from({ length: 8000 }, (_, i) => flow(`f${i}`, { idleOutcome: 'completed' }));
  for (const one of many) series.observe([one]);
  expect(value('fermata_flows_ended_total')).toBe(3000);
});

test('history is not counted', () => {
  const { clock, series, flow, value } = bench();
  const old = nanosFromMs(clock.now() - 7_200_000);
  series.observe([flow('a', { started: old, ended: old, ...ended('completed') })]);
  expect(value('fermata_flows_started_total')).toBe(0);
  expect(value('fermata_flows_ended_total')).toBe(0);
});

test('durations and waits are counted by size, calls are no waits', () => {
  const { series, flow, readings } = bench();
  const hop = (waitMs: number | null, sync: boolean): Hop =>
    ({ waitMs, sync, message: { destination: 'orders' } }) as Hop;
  const hops = [hop(7, false), hop(3000, false), hop(5, true), hop(null, false)];
  series.observe([flow('a', { hops, ...ended('completed'), durationMs: 604_800_001 })]);
  const [waits] = readings('fermata_queue_wait_seconds');
  expect(waits).toMatchObject({ labels: { destination: 'orders' }, value: 2 });
  expect(waits!.histogram!.sum).toBeCloseTo(3.007);
  expect(waits!.histogram!.counts.slice(0, 3)).toEqual([0, 1, 0]);
  const [duration] = readings('fermata_flow_duration_seconds');
  expect(duration!.histogram!.counts.at(-1)).toBe(1);
});

test('what is open is asked for at most every ten seconds, and kept where the store is silent', async () => {
  const { clock, readings, setTypes, asked, value } = bench();
  setTypes([{ type: 'order', environment: '', open: 3, late: 2, stuck: 1 }]);
  value('fermata_flows_open');
  await Promise.resolve();
  expect(['open', 'late', 'stuck'].map((name) => value(`fermata_flows_${name}`))).toEqual([
    3, 2, 1,
  ]);
  expect(readings('fermata_flows_stuck')[0]!.labels).toEqual({
    flow_type: 'order',
    environment: '',
  });
  expect(asked).toHaveLength(1);
  clock.advance(10_000);
  value('fermata_flows_open');
  expect(asked).toHaveLength(2);
});

test('a hundred thousand types, environments and queues are a bounded number of series', async () => {
  const { series, flow, readings, value, setTypes } = bench();
  const count = 100_000;
  const names = ['started_total', 'ended_total', 'duration_seconds', 'open', 'late', 'stuck'];
  setTypes(
    Array.from({ length: count }, (_, i) => ({
      ...{ type: `type-${i}`, environment: '', open: 1, late: 1, stuck: 1 },
    })),
  );
  value('fermata_flows_open');
  await Promise.resolve();
  for (let i = 0; i < count; i++) {
    const hop = { waitMs: 1, sync: false, message: { destination: `queue-${i}` } } as Hop;
    const of = { type: `type-${i}`, environment: `env-${i}`, hops: [hop] };
    series.observe([flow(`f${i}`, { ...of, ...ended(i % 2 === 0 ? 'completed' : 'failed') })]);
  }
  const all = names.flatMap((name) => [
    ...readings(`fermata_flows_${name}`),
    ...readings(`fermata_flow_${name}`),
  ]);
  expect(readings('fermata_flows_open').length).toBe(200);
  // 101 names have started, ended and lasted, and those that share one ended in two ways.
  expect(all.length).toBeLessThanOrEqual(3 * 101 + 1 + 3 * 200);
  expect(readings('fermata_queue_wait_seconds').length).toBe(101);
  for (const name of ['started_total', 'ended_total'])
    expect(value(`fermata_flows_${name}`)).toBe(count);
  expect(value('fermata_queue_wait_seconds')).toBe(count);
});

test('names made of data take no slots from those that come often', () => {
  const slots = createSlots(10, () => ({ count: 0 }));
  for (let i = 0; i < 5; i++) slots.of(`early ${i}`).count++;
  for (let i = 0; i < 100_000; i++) slots.of(`junk ${i}`).count++;
  for (let i = 0; i < 30; i++) slots.of('late, but often').count++;
  const all = new Map(slots.all());
  expect(all.size).toBe(7);
  expect(all.get('late, but often')!.count).toBe(11);
  expect(all.get(OTHERS)!.count).toBe(100_019);
});

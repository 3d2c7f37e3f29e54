import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewAt, type Flow } from '../model/flow.ts';
import { msOf } from '../model/time.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../testing/embedded-store.ts';
import { someFlows } from '../testing/some-flows.ts';
import { quantilesOf } from './lenses/latency.ts';
import { overviewOf } from './overview.ts';

/** Tests that an overview gives the same as a direct count over the flows. */
const NOW = 1_800_000_000_000;
let opened: EmbeddedStore;
let all: Flow[];

beforeAll(async () => {
  opened = await openEmbeddedStore(NOW);
  const made = someFlows(600, NOW);
  await opened.insert(made);
  all = made.map((flow) => viewAt(flow, 2, 1, NOW).flow);
}, 120_000);
afterAll(() => opened.close());

const HOUR_MS = 3_600_000;
const look = (fromMs = NOW - 24 * HOUR_MS, toMs = NOW, isEndAsked = true) =>
  overviewOf(opened.store, {
    search: { limit: 1 },
    ...{ fromMs, toMs, isEndAsked },
    incidents: [],
    learned: (type) => (type.endsWith('1') ? 100 : 3),
  });
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

test('what stands now is counted over all flows, what started over the slots', async () => {
  const overview = await look();
  const count = (is: (flow: Flow) => boolean): number => all.filter(is).length;
  expect(overview.stuck).toBe(count((flow) => flow.status === 'stuck'));
  expect(overview.late).toBe(count((flow) => flow.status === 'late'));
  expect(overview.open).toBe(count((flow) => flow.phase !== 'ended'));
  const from = Date.parse(overview.since);
  expect(from).toBe(NOW - 24 * HOUR_MS);
  const started = all.filter((flow) => msOf(flow.started) >= from && msOf(flow.started) < NOW);
  expect(started.length).toBeGreaterThan(20);
  expect(overview.started).toBe(started.length);
  expect(overview.failed).toBe(started.filter(({ status }) => status === 'failed').length);
  expect(sum(overview.trend.buckets.map(({ flows }) => flows))).toBe(started.length);
  for (const type of overview.types) {
    const ofType = started.filter(
      (flow) => flow.type === type.type && flow.environment === type.environment,
    );
    expect([type.type, sum(type.started), type.flows]).toEqual([
      type.type,
      ofType.length,
      ofType.length,
    ]);
    expect(type.isYoung).toBe(!type.type.endsWith('1'));
  }
});

test.each([HOUR_MS, 24 * HOUR_MS, 7 * 24 * HOUR_MS])(
  'of any period, %i ms long, every counted flow is in a slot',
  async (lengthMs) => {
    for (const offMs of [0, 1, 7 * 60_000 + 13, 41 * 60_000]) {
      const toMs = NOW - offMs;
      const overview = await look(toMs - lengthMs, toMs);
      const [from, to] = [Date.parse(overview.from), Date.parse(overview.to)];
      expect(from).toBeLessThanOrEqual(toMs - lengthMs);
      expect(to).toBeGreaterThanOrEqual(toMs);
      const { buckets, bucketMs } = overview.trend;
      expect((to - from) / bucketMs).toBe(overview.slots);
      for (const { at } of buckets) expect(Date.parse(at)).toBeGreaterThanOrEqual(from);
      expect(sum(overview.types.flatMap(({ started }) => started))).toBe(overview.started);
    }
  },
);

test('what began after now, by the clock of its sender, counts unless an end was asked for', async () => {
  const starts = all.map(({ started }) => msOf(started)).sort((a, b) => a - b);
  const earlier = starts.at(-20)! - 1;
  const [whole, ended] = [await look(0, earlier, false), await look(0, earlier, true)];
  expect(whole.started).toBe(all.length);
  expect(ended.started).toBe(starts.filter((ms) => ms < earlier).length);
});

test('a slow time does not make what is usual slow, and nothing is usual before the first flow', async () => {
  const starts = all.map(({ started }) => msOf(started)).sort((a, b) => a - b);
  const { since: fromAt, types } = await look(starts[Math.floor(starts.length / 2)]);
  const from = Date.parse(fromAt);
  const quantile = (type: string, environment: string, isAsked: (flow: Flow) => boolean) => {
    const ofType = all.filter((flow) => flow.type === type && flow.environment === environment);
    return ofType.filter(isAsked).map(({ durationMs }) => durationMs);
  };
  for (const { type, environment, usualP95Ms, usualP50Ms } of types) {
    const before = quantile(type, environment, (flow) => msOf(flow.started) < from);
    if (before.length === 0) expect([usualP50Ms, usualP95Ms]).toEqual([null, null]);
    else {
      const { p50, p95 } = quantilesOf(before);
      expect(usualP50Ms).toBeCloseTo(p50, 3);
      expect(usualP95Ms).toBeCloseTo(p95, 3);
    }
  }
  expect(types.some(({ usualP95Ms }) => usualP95Ms !== null)).toBe(true);
  const whole = await look(0);
  expect(whole.types.map(({ usualP95Ms }) => usualP95Ms)).toEqual(types.map(() => null));
});

test('held flows are grouped by what they wait for, and the groups grow to their size', async () => {
  const { held } = await look();
  const expected = new Map<string, { stuck: number; held: number }>();
  for (const flow of all) {
    if (flow.status !== 'stuck' && flow.status !== 'late') continue;
    const seen = new Set<string>();
    for (const { step, service, lateAt, stuckAt } of flow.waitingFor) {
      const name = `${service ?? ''} ${step}`;
      if (lateAt > NOW || seen.has(name)) continue;
      seen.add(name);
      const group = expected.get(name) ?? { stuck: 0, held: 0 };
      group.held++;
      if (stuckAt <= NOW) group.stuck++;
      expected.set(name, group);
    }
  }
  expect(expected.size).toBeGreaterThan(0);
  expect(
    new Map(
      held.map(({ service, step, stuck, late }) => [
        `${service} ${step}`,
        { stuck, held: stuck + late },
      ]),
    ),
  ).toEqual(expected);
  for (const { grew, stuck, late } of held) expect(grew.at(-1)).toBe(stuck + late);
});

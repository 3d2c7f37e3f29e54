import { expect, test } from 'vitest';
import type { Flow } from '../model/flow.ts';
import { nanosFromMs } from '../model/time.ts';
import { parseQuery } from './language/parse.ts';
import { previewOf } from './rule-preview.ts';

const NOW = Date.UTC(2026, 10, 15, 12);
const HOUR = 3_600_000;
let made = 0;
const flow = (startedMs: number, over: Partial<Flow> & { endedMs?: number } = {}): Flow => {
  const { endedMs, ...rest } = over;
  return {
    ...{ id: `f${made++}`, key: '', environment: '', type: 'order', keys: [], findings: [] },
    ...{ started: nanosFromMs(startedMs), lastProgress: nanosFromMs(startedMs) },
    ...{ statusSince: nanosFromMs(endedMs ?? startedMs), waitingFor: [], idleOutcome: null },
    ...{ phase: endedMs === undefined ? 'open' : 'ended' },
    ended: endedMs === undefined ? null : nanosFromMs(endedMs),
    ...rest,
  } as unknown as Flow;
};
const preview = (
  query: string,
  flows: Flow[],
  rule: { forMs?: number; groupBy?: 'type' | 'rule' | `key:${string}` } = {},
) =>
  previewOf({
    rule: {
      ...{ forMs: 0, groupBy: 'type', severity: 'warning', ...rule },
      query: parseQuery(query, NOW)!,
    },
    flows,
    total: flows.length,
    fromMs: NOW - 14 * 24 * HOUR,
    nowMs: NOW,
  });

test('flows that were slow at one time are one incident, at two times two', () => {
  const slow = (atMs: number): Flow => flow(atMs, { endedMs: atMs + 600_000 });
  const flows = [0, 60_000, 5 * HOUR].map((ms) => slow(NOW - 30 * HOUR + ms)).reverse();
  const { incidents, opened, openNow, limits } = preview('duration>5m', flows);
  expect(incidents).toBe(2);
  expect(openNow).toBe(0);
  expect(opened.map(({ flows: count }) => count)).toEqual([1, 2]);
  expect(opened[1]).toMatchObject({
    at: new Date(NOW - 30 * HOUR + 300_000).toISOString(),
    until: new Date(NOW - 30 * HOUR + 60_000 + 600_000 + 900_000).toISOString(),
    group: 'order',
  });
  expect(limits).toEqual([]);
});

test('the for-duration counts, and what is open is open now', () => {
  const flows = [flow(NOW - 2 * HOUR), flow(NOW - 60_000)];
  const { opened, openNow, days } = preview('duration>30s', flows, { forMs: HOUR });
  expect(openNow).toBe(1);
  expect(opened).toMatchObject([{ until: null, flows: 1 }]);
  expect(days).toHaveLength(15);
  expect(days.at(-1)).toMatchObject({ incidents: 1, flows: 1 });
});

test('groups by flow type, by the whole rule, or by a key', () => {
  const of = (type: string, customer: string): Flow =>
    flow(NOW - HOUR, { type, keys: [['customer', customer]] });
  const flows = [of('order', 'a'), of('order', 'b'), of('return', 'a')];
  const count = (groupBy: 'type' | 'rule' | `key:${string}`): number =>
    preview('duration>1m', flows, { groupBy }).incidents;
  expect([count('type'), count('rule'), count('key:customer')]).toEqual([2, 1, 2]);
});

test('says what stored flows do not tell', () => {
  const stuck = flow(NOW - HOUR, { statusSince: nanosFromMs(NOW - 60_000) });
  const answer = preview('status:stuck step:pay', [stuck]);
  expect(answer.opened).toMatchObject([{ at: new Date(NOW - 60_000).toISOString() }]);
  expect(answer.limits).toEqual([
    expect.stringContaining('flows whose status matched for a while'),
    expect.stringContaining('For 1 of 1 flows'),
  ]);
});

test('a silent flow that lacks something stays open; one that was slow does not', () => {
  const silent = { idleOutcome: 'completed', endedMs: NOW - 5 * HOUR } as const;
  const flows = [flow(NOW - 6 * HOUR, silent)];
  expect(preview('Order !> Ship within 15m', flows).openNow).toBe(1);
  expect(preview('duration>5m', flows).openNow).toBe(0);
});

import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { manualClock } from '../base/clock.ts';
import { closeServer, listen } from '../base/http.ts';
import { silentLog } from '../base/log.ts';
import type { FlowList } from '../contract/index.ts';
import type { Flow } from '../model/flow.ts';
import { nanosFromMs } from '../model/time.ts';
import { openEmbeddedStore, type EmbeddedStore } from '../testing/embedded-store.ts';
import { someFlows } from '../testing/some-flows.ts';
import { queryApp, type QueryOptions } from './index.ts';

/** Whether a list of flows is empty because it is not known what is usual. */
const NOW = 1_800_000_000_000;
const HOUR_MS = 3_600_000;
let opened: EmbeddedStore;
let server: Server;
let base: string;

/** `count` flows of a type, all equally long, which started this many hours ago. */
const flowsOf = (type: string, environment: string, hoursAgo: number, count: number): Flow[] =>
  Array.from({ length: count }, (_, i) => ({
    ...someFlows(1, NOW)[0]!,
    ...{ id: `${environment}-${type}-${hoursAgo}-${i}`, type, environment },
    ...{ status: 'completed', phase: 'ended', durationMs: 1000, services: [`${type}-service`] },
    started: nanosFromMs(NOW - hoursAgo * HOUR_MS + i),
  }));

beforeAll(async () => {
  opened = await openEmbeddedStore(NOW);
  await opened.insert([
    ...flowsOf('known', 'live', 3, 20),
    ...flowsOf('known', 'live', 0.5, 10),
    ...flowsOf('known', 'test', 0.5, 10),
    ...flowsOf('new', 'live', 0.5, 10),
  ]);
  const options: Partial<QueryOptions> = {
    store: opened.store,
    clock: manualClock(NOW),
    log: silentLog,
    hosts: { host: '127.0.0.1', allowedHosts: [] },
    about: () => ({ version: '0' }) as ReturnType<QueryOptions['about']>,
    webRoot: '',
  };
  server = createServer(queryApp(options as QueryOptions));
  base = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0, '', '')}`;
}, 120_000);
afterAll(async () => {
  await closeServer(server);
  await opened.close();
});

const hoursAgo = (hours: number): string => new Date(NOW - hours * HOUR_MS).toISOString();
type Case = [q: string, more?: Record<string, string>];
async function listOf([q, more = {}]: Case): Promise<FlowList> {
  const answer = await fetch(
    `${base}/api/v1/flows?${new URLSearchParams({ q, ...more, limit: '0' }).toString()}`,
  );
  expect(answer.status).toBe(200);
  return (await answer.json()) as FlowList;
}

test.each<Case>([
  ['duration>p95 type:new since:2h'],
  ['duration<=P50 type:new since:2h'],
  ['(since:2h (duration>p95 type:new))'],
  ['duration>p95', { type: 'new', from: hoursAgo(2) }],
  ['duration>p95 since:2h', { type: 'new', from: hoursAgo(4) }],
  ['duration>p95 (type:new or type:newer) since:2h'],
  ['duration>p95 -type:known since:2h'],
  ['duration>p95 type:n* since:2h'],
  ['duration>p95 service:new-service since:2h'],
  ['(duration>p95 or duration>5h) type:new since:2h'],
  // Each environment has its own usual.
  ['duration>p95 type:known environment:test since:2h'],
  ['duration>p95', { type: 'known', environment: 'test', from: hoursAgo(2) }],
  // The time begins before the first flow of the type.
  ['duration>p95 type:known', { from: hoursAgo(4) }],
])('nothing is usual in %s %j', async (...asked) =>
  expect(await listOf(asked)).toMatchObject({ total: 0, isNothingUsual: true }),
);

test.each<Case>([
  // It is known what is usual, and nothing is slower.
  ['duration>p95 type:known environment:live since:2h'],
  ['duration>p95 since:2h'],
  ['duration>p95 type:known environment:live since:2h', { from: hoursAgo(4) }],
  // No time is asked for, so that the flows themselves are what is usual.
  ['duration>p95 type:new'],
  ['duration>p95 "took since:2h"'],
  ['duration>p95 type:new not (since:2h)'],
  ['duration>p95 type:new (since:2h or type:none)'],
  ['duration>p95', { type: 'new', to: hoursAgo(0) }],
  // Nothing matches the rest.
  ['duration>p95 type:none since:2h'],
  ['duration>p95 type:new status:failed since:2h'],
  ['duration>p95 type:new since:1m'],
  ['duration>p95 type:new', { from: hoursAgo(2), service: 'known-service' }],
  // Nothing is compared with what is usual.
  ['duration>5h type:new since:2h'],
  ['"duration>p95" type:new since:2h'],
  ['type:none since:2h'],
])('another reason empties %s %j', async (...asked) =>
  expect(await listOf(asked)).toMatchObject({ total: 0, isNothingUsual: false }),
);

test('a list with flows has nothing to explain', async () => {
  for (const asked of [['type:new since:2h'], ['not duration>p95 type:new since:2h']] as Case[]) {
    const { total, isNothingUsual } = await listOf(asked);
    expect([total, isNothingUsual]).toEqual([10, false]);
  }
});

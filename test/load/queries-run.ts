import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createCounters,
  createStore,
  matchesQuery,
  parseQuery,
  silentLog,
  someFlows,
  systemClock,
  TWENTY_QUERIES,
} from '@fermata/server/lab';

/**
 * This is `npm run queries`. It runs twenty queries over 100,000 flows, compares the results with
 * those of a brute-force search, and times them. It then times the pages of single flows.
 */
const [count = '100000', rounds = '10'] = process.argv.slice(2);
const directory = mkdtempSync(join(tmpdir(), 'fermata-queries-'));
const fixed = systemClock().now();
const clock = { ...systemClock(), now: () => fixed };
const store = createStore({
  clickhouseUrl: '',
  directory,
  cluster: '',
  retentionDays: 3650,
  memoryLimitBytes: 0,
  clock,
  counters: createCounters(),
  log: silentLog,
});
await store.start();
const flows = someFlows(Number(count), fixed);
for (let i = 0; i < flows.length; i += 2000)
  await store.insertFlows(
    flows
      .slice(i, i + 2000)
      .map((flow) => ({ kind: 'flow' as const, id: flow.id, version: 2, flow })),
    1,
    () => 0,
  );
const rows: Record<string, object> = {};
const times: number[] = [];
for (const text of TWENTY_QUERIES) {
  const query = parseQuery(text, fixed)!;
  const expected = flows.filter((flow) => matchesQuery(query, flow, fixed)).length;
  const mine: number[] = [];
  let total = -1;
  for (let round = 0; round < Number(rounds); round++) {
    const from = performance.now();
    ({ total } = await store.listFlows({ query, limit: 100 }));
    mine.push(performance.now() - from);
  }
  times.push(...mine);
  mine.sort((a, b) => a - b);
  rows[text] = {
    found: total,
    'brute force': expected,
    'median ms': Math.round(mine[mine.length >> 1]!),
    'longest ms': Math.round(mine[mine.length - 1]!),
  };
}
const pages: number[] = [];
for (let i = 0; i < 100; i++) {
  const { id } = flows[Math.floor((i / 100) * flows.length)]!;
  const from = performance.now();
  const [found] = await store.findFlow(id);
  if (found !== id || (await store.getFlow(id)) === null) throw new Error(`${id} is not there`);
  pages.push(performance.now() - from);
}
const p95 = (list: number[]): number =>
  Math.round([...list].sort((a, b) => a - b)[Math.floor(list.length * 0.95)]!);
console.table(rows);
console.log(
  `${flows.length} flows: p95 of a query ${p95(times)} ms, of a flow's page ${p95(pages)} ms`,
);
await store.stop();
rmSync(directory, { recursive: true, force: true });

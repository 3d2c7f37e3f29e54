import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FLAGS } from '../analyze/index.ts';
import { silentLog } from '../base/log.ts';
import { nanosFromMs } from '../model/time.ts';
import { embeddedConnection } from './connection/embedded.ts';
import type { Connection, QueryRows } from './connection/port.ts';
import { createLensReader } from './lens-reader.ts';
import { migrate } from './schema/migrate.ts';

/**
 * Tests how much lenses read. Of 100,000 flows of ten types and ten days, in the order of random
 * ids, a day of one type is 1,000, and these lie together in the projection `by_day`. A query whose
 * columns the projection lacks would read all flows.
 */
const FLOWS = 100_000;
const DAY_MS = 86_400_000;
const START_MS = 20_000 * DAY_MS;
const EACH_NS = nanosFromMs((10 * DAY_MS) / FLOWS);
const directory = mkdtempSync(join(tmpdir(), 'fermata-reads-'));
let connection: Connection;

beforeAll(async () => {
  connection = embeddedConnection(directory, 2 ** 31, silentLog);
  await connection.open();
  await migrate(connection, { retentionDays: 36_500, cluster: '' });
  // Every tenth flow has an older version beside it.
  for (const [version, every] of [
    [1, 10],
    [2, 1],
  ] as const)
    await connection.command(`
      INSERT INTO flows
        (id, version, type, status, phase, started, last_received, duration_ms, variant, node_ids,
         node_ms, node_flags)
      SELECT
        lower(hex(cityHash64(number))), ${version}, concat('type-', toString(number % 10)),
        'completed', 'ended', ${nanosFromMs(START_MS)} + number * ${EACH_NS}, ${Date.now()},
        number % 100, 7, [16 * (number % 10)], [${version}], [${FLAGS.first}]
      FROM numbers(${FLOWS})
      WHERE number % ${every} = 0`);
}, 60_000);
afterAll(async () => {
  await connection.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Returns a reader, and a list of how many rows each of its queries read at most. */
function recorded() {
  const rows: number[] = [];
  const query = (async (sql, params, settings) => {
    const [estimate] = await connection.query<{ rows: string }>(
      `SELECT sum(rows) AS rows FROM (EXPLAIN ESTIMATE ${sql})`,
      params,
    );
    rows.push(Number(estimate?.rows));
    return connection.query(sql, params, settings);
  }) as QueryRows;
  const readRows = () => [];
  return { rows, reader: createLensReader({ query, readRows, now: () => START_MS + 11 * DAY_MS }) };
}
const aDay = {
  ...{ limit: 1, types: ['type-3'] },
  ...{ from: nanosFromMs(START_MS + 4 * DAY_MS), to: nanosFromMs(START_MS + 5 * DAY_MS) },
};

test('of a day of one type only what lies near it is read', async () => {
  const { rows, reader } = recorded();
  const population = await reader.population(aDay);
  expect([population.total, population.types]).toEqual([1000, ['type-3']]);
  rows.length = 0;
  const of = { families: ['node' as const], most: 10, measures: ['ms' as const] };
  const [counted, ...others] = await reader.countTraits(population, of);
  // The older versions measured 1 ms.
  expect(counted).toMatchObject({ flows: 1000, ms: { p50: 2, max: 2, count: 1000 } });
  expect(others).toEqual([]);
  await reader.countVariants(population, 10);
  await reader.directlyFollows(population, 'start', 10);
  await reader.failureOrigins(population, [1n]);
  await reader.versionRuns(population, [[1n]]);
  await reader.segmentShares(population, [{ fromMs: 0, toMs: 9 }]);
  await reader.between(population, { from: 'a', to: 'b' });
  await reader.trend(population, DAY_MS, 'service');
  await reader.compare(population, population, {
    ...{ families: ['node', 'edge', 'other', 'mark'], kinds: ['node', 'version'], most: 9 },
  });
  expect(rows).toHaveLength(11);
  for (const read of rows) expect(read).toBeLessThan(0.3 * FLOWS);
});

import { expect, test } from 'vitest';
import type { Connection } from '../connection/port.ts';
import { MIGRATIONS_DONE } from '../sql/schema.sql.ts';
import { TABLE_DEFINITIONS } from '../sql/system.sql.ts';
import { migrate, type SchemaOptions } from './migrate.ts';

/**
 * Simulates a ClickHouse server that records commands. The command with the index `failsAt` fails.
 */
function bench(kind: Connection['kind'] = 'clickhouse', done: number[] = []) {
  const commands: string[] = [];
  const recorded: [number: number, name: string][] = [];
  const definitions: { name: string; definition: string }[] = [];
  const state = { failsAt: Infinity };
  const connection = {
    kind,
    async query(sql: string) {
      if (sql === MIGRATIONS_DONE)
        return [...done, ...recorded.map(([number]) => number)].map((number) => ({ number }));
      expect(sql).toBe(TABLE_DEFINITIONS);
      return definitions;
    },
    async command(sql: string) {
      if (commands.length === state.failsAt) throw new Error('killed');
      commands.push(sql);
    },
    async insert(_table: string, _columns: unknown, _format: string, rows: Buffer[]) {
      recorded.push(JSON.parse(rows.join('')) as [number, string]);
    },
  } as unknown as Connection;
  const run = (over: Partial<SchemaOptions> = {}): Promise<void> =>
    migrate(connection, { retentionDays: 14, cluster: '', ...over });
  return { commands, recorded, definitions, state, run };
}

test('every migration runs once, in the order of their numbers, and is recorded after it ran', async () => {
  const { recorded, run } = bench();
  await run();
  const numbers = recorded.map(([number]) => number);
  expect(numbers.length).toBeGreaterThan(1);
  expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  for (const [number, name] of recorded) expect(Number.parseInt(name, 10)).toBe(number);
  await run();
  expect(recorded).toHaveLength(numbers.length);
});

test('one that did not run is not recorded, and runs again', async () => {
  const { commands, recorded, state, run } = bench();
  // Two commands succeed: the creation of the table of migrations, and the first migration.
  state.failsAt = 2;
  await expect(run()).rejects.toThrow('killed');
  expect([commands.length, recorded.length]).toEqual([2, 1]);
  state.failsAt = Infinity;
  await run();
  expect(new Set(recorded.map(([number]) => number)).size).toBe(recorded.length);
});

test('one server or a cluster: no placeholder is left', async () => {
  const [one, cluster] = [bench(), bench()];
  await one.run();
  await cluster.run({ cluster: 'main' });
  const left = /\{(?:on_cluster|replicated|retention_days)\}/;
  for (const sql of [...one.commands, ...cluster.commands]) expect(sql).not.toMatch(left);
  expect(one.commands.join('\n')).not.toContain('ON CLUSTER');
  expect(cluster.commands.join('\n')).toContain('ON CLUSTER `main`');
  expect(cluster.commands.join('\n')).toContain('Replicated');
});

test('no statement both changes a definition and rewrites parts', async () => {
  const { commands, run } = bench();
  await run();
  const altering = commands.filter((sql) => /^ALTER/m.test(sql));
  expect(altering.filter((sql) => /^\s*MATERIALIZE/m.test(sql))).not.toEqual([]);
  for (const sql of altering)
    expect(/\bMATERIALIZE (INDEX|COLUMN)/.test(sql) && /\b(ADD|MODIFY|DROP) /.test(sql), sql).toBe(
      false,
    );
});

test('the retention follows the configuration; a definition that is right is not touched', async () => {
  const { commands, definitions, run } = bench();
  await run();
  const ttls = (): string[] => commands.filter((sql) => sql.includes('toIntervalDay(14)'));
  expect(ttls().some((sql) => sql.includes('flows'))).toBe(true);
  const before = ttls().length;
  const ended = "(phase = 'ended') OR (deleted = 1) OR (settles_as != '')";
  definitions.push(
    { name: 'records', definition: 'TTL day + toIntervalDay(14) SETTINGS x' },
    { name: 'logs', definition: 'TTL day + toIntervalDay(14) SETTINGS x' },
    { name: 'flows', definition: `TTL day + toIntervalDay(14) WHERE ${ended} SETTINGS x` },
  );
  await run();
  expect(ttls()).toHaveLength(before);
  const count = commands.length;
  await run({ retentionDays: 30 });
  expect(commands.slice(count).filter((sql) => sql.includes('toIntervalDay(30)'))).toHaveLength(3);
});

test("how a server of its own merges is its operator's business", async () => {
  const [own, embedded] = [bench('clickhouse'), bench('embedded')];
  await own.run();
  await embedded.run();
  const syncs = (sql: string): boolean => /MODIFY SETTING.*fsync_after_insert/s.test(sql);
  expect(own.commands.filter(syncs)).toEqual([]);
  expect(embedded.commands.filter(syncs)).toHaveLength(6);
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { manualClock, type Clock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import { embeddedConnection } from './embedded.ts';
import { createStore, type Store } from '../index.ts';
import { describeStore } from '../../testing/store-conformance.ts';

const open = (directory: string, clock: Clock, counters = createCounters()): Store =>
  createStore({
    clickhouseUrl: '',
    directory,
    cluster: '',
    retentionDays: 3650,
    memoryLimitBytes: 2 ** 31,
    clock,
    counters,
    log: silentLog,
  });

describeStore('embedded', async (clock, counters) => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-store-'));
  return {
    store: open(directory, clock, counters),
    close: async () => rmSync(directory, { recursive: true, force: true }),
  };
});

test('a directory that cannot be written is one clear error', async () => {
  await expect(open('/dev/null/data', manualClock()).start()).rejects.toMatchObject({
    code: 'data.unwritable',
  });
});

test('so is one whose path the engine would take for a pattern', async () => {
  await expect(open(join(tmpdir(), 'fermata-{a}'), manualClock()).start()).rejects.toMatchObject({
    code: 'data.unusable',
  });
});

test('a directory with the table of an earlier version is taken over, however many days it holds', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-store-'));
  const first = open(directory, manualClock());
  await first.start();
  await first.stop();
  const connection = embeddedConnection(directory, 2 ** 31, silentLog);
  await connection.open();
  const schema = readFileSync(new URL('../schema/001-spans.sql', import.meta.url), 'utf8');
  await connection.command(
    schema
      .replace('{on_cluster}', '')
      .replace('{replicated}', '')
      .replace('{retention_days}', '3650'),
  );
  await connection.command(
    `INSERT INTO spans (batch, received_ms, trace_id, span_id, name, start_ns, end_ns, attributes, resource)
     SELECT number + 1, ${Date.now()} - number * 86400000, leftPad(hex(number), 32, '0'), leftPad(hex(number), 16, '0'), 'a "name"\\n', number, number + 1, '{"a":1}', '{}'
     FROM numbers(150) SETTINGS max_partitions_per_insert_block = 0`,
  );
  await connection.command('TRUNCATE TABLE migrations');
  await connection.close();
  const second = open(directory, manualClock());
  await second.start();
  const spans = [];
  for await (const block of second.replay(0)) spans.push(...block);
  expect(spans).toHaveLength(150);
  expect(spans[149]).toMatchObject({
    span: { name: 'a "name"\n', start: 149n, attributes: ['a', 1] },
  });
  await second.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('the retention deletes what a person sees as ended, whatever ended it, and touches no definition that is right', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-store-'));
  const openFor = (retentionDays: number): Store =>
    createStore({
      ...{ clickhouseUrl: '', directory, cluster: '', retentionDays, memoryLimitBytes: 2 ** 31 },
      ...{ clock: manualClock(), counters: createCounters(), log: silentLog },
    });
  const within = async <T>(
    work: (connection: ReturnType<typeof embeddedConnection>) => Promise<T>,
  ) => {
    const connection = embeddedConnection(directory, 2 ** 31, silentLog);
    await connection.open();
    const answer = await work(connection);
    await connection.close();
    return answer;
  };
  const definitions = (): Promise<unknown[]> =>
    within((connection) =>
      connection.query(
        'SELECT name, metadata_modification_time AS at, create_table_query FROM system.tables',
      ),
    );
  const first = openFor(5);
  await first.start();
  await first.stop();
  const before = await definitions();
  const again = openFor(5);
  await again.start();
  await again.stop();
  expect(await definitions()).toEqual(before);

  const oldMs = Date.now() - 3 * 86_400_000;
  await within((connection) =>
    connection.command(`INSERT INTO flows (id, version, deleted, phase, settles_as, key_values, last_received) VALUES
      ('ended', 1, 0, 'ended', '', ['key'], ${oldMs}), ('settled', 1, 0, 'open', 'completed', ['key'], ${oldMs}),
      ('failed', 1, 0, 'open', 'failed', ['key'], ${oldMs}), ('undone', 1, 0, 'compensating', 'compensated', ['key'], ${oldMs}),
      ('tombstone', 1, 1, 'open', '', [], ${oldMs}), ('waits', 1, 0, 'open', '', ['key'], ${oldMs}),
      ('young', 1, 0, 'ended', '', ['key'], ${Date.now()})`),
  );
  const shorter = openFor(1);
  await shorter.start();
  await shorter.stop();
  const left = await within(async (connection) => {
    await connection.command('OPTIMIZE TABLE flows FINAL');
    return connection.query<{ id: string }>('SELECT id FROM flows ORDER BY id');
  });
  expect(left.map(({ id }) => id)).toEqual(['waits', 'young']);
  rmSync(directory, { recursive: true, force: true });
});

test('failures of the journal of log records are counted apart from those of spans', () => {
  const counters = createCounters();
  const directory = mkdtempSync(join(tmpdir(), 'fermata-store-'));
  open(directory, manualClock(), counters);
  const names = counters.read().map(({ name }) => name);
  expect(names.filter((name) => name.endsWith('journal_failures_total')).sort()).toEqual([
    'fermata_journal_failures_total',
    'fermata_log_journal_failures_total',
  ]);
  rmSync(directory, { recursive: true, force: true });
});

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { silentLog } from '../base/log.ts';
import { embeddedConnection } from './connection/embedded.ts';
import { migrate } from './schema/migrate.ts';
import { flowsWithKeys } from './sql/relatives.sql.ts';

const statementOf = (file: string): string =>
  readFileSync(new URL(`./schema/${file}.sql`, import.meta.url), 'utf8').replace(
    '{on_cluster}',
    '',
  );
const ADD = statementOf('019-shared-keys');
const BUILD = statementOf('020-shared-keys-of-before');
const ROWS = `
  INSERT INTO flows (id, version, environment, flow_id, key_names, key_values)
  SELECT hex(sipHash64(number)), 1, 'live', concat('o', toString(number)), ['customer'],
    [concat('c', toString(number))]
  FROM numbers(60000)`;

test.each<[earlier: string, ran: string[]]>([
  ['before the indexes', []],
  ['that only added the indexes', [ADD]],
  ['that built the indexes', [ADD, BUILD]],
])(
  'each part of the search for keys uses an index, in tables of a version %s',
  async (_of, ran) => {
    const directory = mkdtempSync(join(tmpdir(), 'fermata-shared-keys-'));
    const connection = embeddedConnection(directory, 2 ** 31, silentLog);
    await connection.open();
    /** Returns how many granules each index leaves, of how many. */
    const read = async (): Promise<[index: string, some: number, all: number][]> => {
      const plan = await connection.query<{ explain: string }>(
        `EXPLAIN indexes = 1 ${flowsWithKeys(1)}`,
        { environment: 'live', value0: 'c4711' },
      );
      const text = plan.map(({ explain }) => explain).join('\n');
      return [...text.matchAll(/Name: (\w+)[^:]*:[^:]*:[^:]*Granules: (\d+)\/(\d+)/g)].map(
        ([, name, some, all]) => [name!, Number(some), Number(all)],
      );
    };
    try {
      await migrate(connection, { retentionDays: 36_500, cluster: '' });
      for (const index of ['by_key', 'by_flow_id'])
        await connection.command(`ALTER TABLE flows DROP INDEX IF EXISTS ${index}`);
      await connection.command(ROWS);
      for (const statement of ran) await connection.command(statement);
      await connection.command(ADD);
      await connection.command(BUILD);
      // The engine makes the indexes of rows that are there in the background.
      await vi.waitFor(
        async () => {
          const used = await read();
          expect(used.map(([name]) => name)).toEqual(['by_key', 'by_flow_id']);
          for (const [, some, all] of used) expect(some).toBeLessThan(all);
        },
        { timeout: 30_000, interval: 200 },
      );
    } finally {
      await connection.close();
      rmSync(directory, { recursive: true, force: true });
    }
  },
  60_000,
);

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Connection } from './connection.ts';

export interface SchemaOptions {
  retentionDays: number;
  /** ClickHouse cluster name, or '' for one server. */
  cluster: string;
}

/** The SQL files stand beside the sources; the built code reads them from there too. */
const SCHEMA = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? '../../src/store/schema/' : './schema/', import.meta.url),
);

/**
 * Numbered, forward only. Every statement is idempotent (`IF NOT EXISTS`), and a migration is recorded after it ran, so
 * a kill in the middle runs it again.
 */
export async function migrate(connection: Connection, options: SchemaOptions): Promise<void> {
  const fill = (sql: string): string =>
    sql
      .replaceAll('{on_cluster}', options.cluster === '' ? '' : `ON CLUSTER \`${options.cluster}\``)
      .replaceAll('{replicated}', options.cluster === '' ? '' : 'Replicated')
      .replaceAll('{retention_days}', String(options.retentionDays));
  await connection.command(
    fill(
      'CREATE TABLE IF NOT EXISTS migrations {on_cluster} (number UInt32, name String, at DateTime DEFAULT now()) ENGINE = {replicated}MergeTree ORDER BY number',
    ),
  );
  const done = new Set(
    (await connection.query<{ number: number }>('SELECT DISTINCT number FROM migrations')).map((row) =>
      Number(row.number),
    ),
  );
  for (const file of readdirSync(SCHEMA).sort()) {
    const number = Number.parseInt(file, 10);
    if (done.has(number)) continue;
    await connection.command(fill(readFileSync(`${SCHEMA}/${file}`, 'utf8')));
    await connection.insert('migrations', ['number', 'name'], 'JSONCompactEachRow', [
      Buffer.from(`${JSON.stringify([number, file])}\n`),
    ]);
  }
  // The retention is a setting, not a migration: it follows the configuration at every start.
  for (const [table, condition] of [
    ['records', ''],
    ['flows', " DELETE WHERE phase = 'ended' OR deleted = 1"],
  ] as const)
    await connection.command(
      fill(
        `ALTER TABLE ${table} {on_cluster} MODIFY TTL day + INTERVAL {retention_days} DAY${condition} SETTINGS materialize_ttl_after_modify = 0`,
      ),
    );
  // Three times as many parts as by default are merged at once, so that a row is written anew half as often: here merging
  // takes CPU from the server itself. How a server of its own merges is its operator's business.
  if (connection.kind === 'embedded')
    for (const table of ['records', 'flows'])
      await connection.command(`ALTER TABLE ${table} MODIFY SETTING merge_selector_base = 15`);
}

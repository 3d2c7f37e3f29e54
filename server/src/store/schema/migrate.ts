import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Connection } from '../connection/port.ts';
import { MIGRATIONS_DONE, MIGRATIONS_TABLE, modifySetting, modifyTtl } from '../sql/schema.sql.ts';
import { TABLE_DEFINITIONS } from '../sql/system.sql.ts';

export interface SchemaOptions {
  retentionDays: number;
  /** Name of the ClickHouse cluster; '' for a single server. */
  cluster: string;
}

/** Directory of the SQL files. The compiled code in `dist/` reads them from `src/`, too. */
const SCHEMA = fileURLToPath(
  new URL(
    import.meta.url.includes('/dist/') ? '../../../src/store/schema/' : './',
    import.meta.url,
  ),
);

/**
 * Runs the migrations in the order of their numbers. A migration is recorded after it has run. If
 * the process is killed in between, the migration runs again, so every statement is idempotent (`IF
 * NOT EXISTS`).
 */
export async function migrate(connection: Connection, options: SchemaOptions): Promise<void> {
  const fill = (sql: string): string =>
    sql
      .replaceAll('{on_cluster}', options.cluster === '' ? '' : `ON CLUSTER \`${options.cluster}\``)
      .replaceAll('{replicated}', options.cluster === '' ? '' : 'Replicated')
      .replaceAll('{retention_days}', String(options.retentionDays));
  await connection.command(fill(MIGRATIONS_TABLE));
  const rows = await connection.query<{ number: number }>(MIGRATIONS_DONE);
  const done = new Set(rows.map((row) => Number(row.number)));
  for (const file of readdirSync(SCHEMA).sort()) {
    if (!file.endsWith('.sql')) continue;
    const number = Number.parseInt(file, 10);
    if (done.has(number)) continue;
    await connection.command(fill(readFileSync(`${SCHEMA}/${file}`, 'utf8')));
    await connection.insert('migrations', ['number', 'name'], 'JSONCompactEachRow', [
      Buffer.from(`${JSON.stringify([number, file])}\n`),
    ]);
  }
  await setTables(connection, options, fill);
}

/**
 * Condition for rows that may expire: rows of ended flows, of tombstones, and of flows that count
 * as ended once idle (`settles_as`). A flow that still waits for something does not expire.
 */
const ENDED = "(phase = 'ended') OR (deleted = 1) OR (settles_as != '')";

/**
 * Settings of large tables. `merge_selector_base` makes a merge join three times as many parts as
 * by default. Each row is then rewritten half as often, which matters because merges compete with
 * the server for CPU. The other two settings let the engine start however many parts are broken.
 */
const LARGE = [
  'merge_selector_base = 15',
  'max_suspicious_broken_parts = 1000000',
  'max_suspicious_broken_parts_bytes = 1000000000000000',
];
/**
 * Settings of tables with data that exists nowhere else, such as documents and notifications.
 * Inserts into them are synced to disk before they are acknowledged.
 */
const SYNCED = ['fsync_after_insert = 1', 'fsync_part_directory = 1'];
const EMBEDDED: readonly (readonly [table: string, settings: readonly string[]])[] = [
  ['records', LARGE],
  ['logs', LARGE],
  ['flows', LARGE],
  ...['migrations', 'learned', 'incidents', 'notifications', 'silences', 'documents'].map(
    (table) => [table, SYNCED] as const,
  ),
];

/**
 * Applies the settings of tables at every start. The retention is not part of a migration, because
 * the configuration may change it.
 *
 * Statements use the same text that the engine prints, so that an unchanged definition is detected
 * and not rewritten. Rewriting is risky: on a full disk a definition was once lost.
 */
async function setTables(
  connection: Connection,
  { retentionDays }: SchemaOptions,
  fill: (sql: string) => string,
): Promise<void> {
  const rows = await connection.query<{ name: string; definition: string }>(TABLE_DEFINITIONS);
  const definitions = new Map(rows.map(({ name, definition }) => [name, definition]));
  const is = (table: string, text: string): boolean =>
    definitions.get(table)?.includes(text) ?? false;
  for (const [table, condition] of [
    ['records', ''],
    ['logs', ''],
    ['flows', ` WHERE ${ENDED}`],
  ] as const) {
    const ttl = `TTL day + toIntervalDay(${retentionDays})${condition}`;
    if (!is(table, `${ttl} SETTINGS`)) await connection.command(fill(modifyTtl(table, ttl)));
  }
  // For an external ClickHouse server, its operator decides about merges, syncs and broken parts.
  if (connection.kind === 'embedded')
    for (const [table, settings] of EMBEDDED)
      for (const setting of settings)
        if (!is(table, setting)) await connection.command(modifySetting(table, setting));
}

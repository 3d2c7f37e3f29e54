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

/** Directory of the SQL files, beside this source. The built code reads them from there, too. */
const SCHEMA = fileURLToPath(
  new URL(
    import.meta.url.includes('/dist/') ? '../../../src/store/schema/' : './',
    import.meta.url,
  ),
);

/**
 * Runs the migrations, which are numbered and forward only. Every statement is idempotent (`IF NOT
 * EXISTS`) and a migration is recorded once it has run. After a kill midway, it runs again.
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
 * Matches the rows that retention deletes: those of ended flows, of tombstones, and of flows that
 * count as ended once idle (`settles_as`). A flow that still waits is kept.
 */
const ENDED = "(phase = 'ended') OR (deleted = 1) OR (settles_as != '')";

/**
 * Merges three times as many parts together as by default. A row is then rewritten half as often,
 * which matters because merging takes CPU from the server itself. The two bounds on broken parts
 * let the engine start and serve the other parts, however many are broken.
 */
const LARGE = [
  'merge_selector_base = 15',
  'max_suspicious_broken_parts = 1000000',
  'max_suspicious_broken_parts_bytes = 1000000000000000',
];
/**
 * Syncs what people wrote or were notified of, so that these rows are on disk before the answer. No
 * other copy of the rows exists.
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
 * Applies the settings of tables. The retention is a setting and no migration, because it follows
 * the configuration at every start. The text is written as the engine prints it, so that a correct
 * definition is left alone. A definition that was rewritten at every start was once lost on a full
 * disk.
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
  // The operator of an external server decides how the server merges, syncs and loads.
  if (connection.kind === 'embedded')
    for (const [table, settings] of EMBEDDED)
      for (const setting of settings)
        if (!is(table, setting)) await connection.command(modifySetting(table, setting));
}

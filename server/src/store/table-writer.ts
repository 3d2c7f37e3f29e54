import { createMemory, type Lease, type Memory } from '../base/memory.ts';
import type { Connection } from './connection/port.ts';

/** Inserts rows, in bulk or a few, and lends the memory in which bulks are built. */
export interface TableWriter {
  readonly memory: Memory;
  insertRows: (table: string, columns: readonly string[], rows: readonly Lease[]) => Promise<void>;
  insertJson: InsertJson;
}

export type InsertJson = (
  table: string,
  columns: readonly string[],
  rows: readonly unknown[][],
) => Promise<void>;

/** Awaits work, so that `stop` waits for it, and turns its failure into the store's error code. */
export type Tracked = <T>(work: Promise<T>) => Promise<T>;

export function createTableWriter(connection: Connection, tracked: Tracked): TableWriter {
  return {
    memory: createMemory(),
    async insertRows(table, columns, rows) {
      await tracked(
        connection.insert(
          table,
          columns,
          'RowBinary',
          rows.map(({ bytes }) => bytes),
        ),
      );
      // Release only after success: an abandoned request may still be sending these bytes.
      for (const lease of rows) lease.release();
    },
    insertJson: (table, columns, rows) =>
      tracked(
        connection.insert(table, columns, 'JSONCompactEachRow', [
          Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
        ]),
      ),
  };
}

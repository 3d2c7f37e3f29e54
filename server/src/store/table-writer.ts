import { createMemory, type Lease, type Memory } from '../base/memory.ts';
import type { Connection } from './connection/port.ts';

/**
 * Inserts many rows as RowBinary, or few rows as JSON. Also provides the memory in which RowBinary
 * rows are built.
 */
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

/**
 * Awaits the given work. The store's `stop` waits until all such work has ended. If the work fails,
 * rejects with an error that has the store's code.
 */
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
      // Release the memory only after success, because a failed request may still be sending these
      // bytes.
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

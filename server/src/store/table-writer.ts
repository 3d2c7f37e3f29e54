import { createMemory, type Lease, type Memory } from '../base/memory.ts';
import type { Connection } from './connection/port.ts';

/** Inserts rows, in masses or a few, and lends the memory in which masses of them are made. */
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

/** Awaits work, so that a stop waits for it, and gives its failure the code of the store. */
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
      // Not where it failed: a request that was given up may still be sending them.
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

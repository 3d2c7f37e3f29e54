import type { Connection } from './port.ts';
import { TABLE_BY_NAME } from '../sql/system.sql.ts';
import { createJournal, type JournalOptions } from './journal.ts';

/**
 * Wraps a connection so that inserts into one table go through a write-ahead journal. The rows of
 * such an insert are durable when the insert resolves, and are in the table soon afterwards.
 */
export function journaled(
  connection: Connection,
  options: Omit<JournalOptions, 'insert' | 'exists'>,
): Connection {
  const journal = createJournal({
    ...options,
    insert: ({ table, columns, format }, rows) => connection.insert(table, columns, format, [rows]),
    async exists(table) {
      const found = await connection.query(TABLE_BY_NAME, { table });
      return found.length > 0;
    },
  });
  return {
    ...connection,
    async open() {
      await connection.open();
      // Recover the journal before the schema is migrated, because rows from an earlier version of
      // Fermata match only the tables of that version.
      await journal.open();
    },
    insert: (table, columns, format, rows) =>
      table === options.target.table
        ? journal.append(rows)
        : connection.insert(table, columns, format, rows),
    flush: (table) => (table === options.target.table ? journal.flush() : connection.flush(table)),
    async close() {
      await journal.close();
      await connection.close();
    },
  };
}

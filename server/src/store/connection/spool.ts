import { open } from 'node:fs/promises';

/**
 * Passes rows to the engine in a file, because the embedded engine reads binary formats only from
 * files. The same file is overwritten every time, because creating a file can cost more than
 * reading it. The file is truncated after each insert, because rows that stayed in it would outlive
 * their retention.
 */
export interface Spool {
  /**
   * Writes the rows to the file and then calls `read` with the file's path. Calls run one at a
   * time, in order.
   */
  through(rows: readonly Buffer[], read: (path: string) => Promise<unknown>): Promise<void>;
  close(): Promise<void>;
}

export async function openSpool(path: string): Promise<Spool> {
  const file = await open(path, 'w');
  let turn: Promise<unknown> = Promise.resolve();
  return {
    async through(rows, read) {
      const mine = turn.then(async () => {
        try {
          let size = 0;
          for (const part of rows)
            for (let from = 0; from < part.length;) {
              const { bytesWritten } = await file.write(part, from, part.length - from, size);
              from += bytesWritten;
              size += bytesWritten;
            }
          await read(path);
        } finally {
          await file.truncate(0);
        }
      });
      turn = mine.catch(() => undefined);
      await mine;
    },
    async close() {
      await turn;
      await file.close();
    },
  };
}

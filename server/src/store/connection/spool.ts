import { open } from 'node:fs/promises';

/**
 * A file from which the engine reads rows: it takes binary formats from files only. Always the same
 * file, written over, because creating one can cost more than reading it. Rows do not outlive their
 * insert in it: they would outlive their retention.
 */
export interface Spool {
  /**
   * `read` is called with the path once the rows stand there; one at a time, in the order of the
   * calls.
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

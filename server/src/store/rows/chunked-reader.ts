import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/**
 * Reads the rows with these keys in chunks. If a chunk exceeds the engine's memory, reads its
 * halves. A single row that exceeds the memory is omitted, counted and logged, because one such row
 * must not make the other rows unreadable or keep the server from starting.
 */
export type ReadChunks = <Row>(
  keys: Iterable<string>,
  read: (some: string[]) => Promise<Row[]>,
) => AsyncIterable<Row[]>;

/**
 * Limits of one chunk: the number of values, and the total number of their characters. A query may
 * have at most 256 KB, including its bound values, which are escaped twice.
 */
const IDS_AT_ONCE = 1000;
const NAMES_CHARACTERS = 40_000;

export const isTooBig = (error: unknown): boolean =>
  /memory limit exceeded|Code: 241\b/i.test(messageOf(error));

export function createReadChunks({ counters, log }: { counters: Counters; log: Log }): ReadChunks {
  return async function* readChunks(keys, read) {
    for (const first of chunksOf(keys))
      for (const work = [first]; work.length > 0;) {
        const some = work.pop()!;
        try {
          yield await read(some);
        } catch (error) {
          if (!isTooBig(error)) throw error;
          const middle = Math.ceil(some.length / 2);
          if (some.length > 1) work.push(some.slice(middle), some.slice(0, middle));
          else leaveOut(some[0]!, error);
        }
      }
  };

  function leaveOut(key: string, error: unknown): void {
    counters.add('fermata_unreadable_rows_total');
    log.error(
      { key: key.slice(0, 200), detail: messageOf(error).slice(0, 200) },
      'a stored row is too big to be read, and is left out',
    );
  }
}

/** Splits values into lists, each of which fits into one query. */
export function* chunksOf(values: Iterable<string>): Generator<string[]> {
  let chunk: string[] = [];
  let characters = 0;
  for (const value of values) {
    if (
      chunk.length === IDS_AT_ONCE ||
      (chunk.length > 0 && characters + value.length > NAMES_CHARACTERS)
    ) {
      yield chunk;
      chunk = [];
      characters = 0;
    }
    chunk.push(value);
    characters += value.length;
  }
  if (chunk.length > 0) yield chunk;
}

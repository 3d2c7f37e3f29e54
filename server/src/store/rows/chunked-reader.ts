import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/**
 * Reads the rows with these keys in chunks. A chunk that exceeds the engine's memory is read in
 * halves. A single row that exceeds the memory is left out, counted and logged, because it must
 * neither hide all other rows nor keep the server from starting.
 */
export type ReadChunks = <Row>(
  keys: Iterable<string>,
  read: (some: string[]) => Promise<Row[]>,
) => AsyncIterable<Row[]>;

/**
 * Bounds of one chunk, as a number of values and of their characters. A query may be 256 KB long,
 * and its bound values are part of the query, escaped twice.
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

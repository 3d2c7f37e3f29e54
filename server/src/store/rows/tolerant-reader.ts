import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/** Maps rows with `read`, and omits the rows for which `read` throws. */
export type ReadRows = <Row, T>(rows: readonly Row[], read: (row: Row) => T) => T[];

const SAY_EVERY_MS = 60_000;

/**
 * Returns a function that omits unreadable rows (damaged, or written by a later version). It counts
 * them, and logs one of them at most once a minute. One unreadable row must not make the other rows
 * unreadable or keep the server from starting.
 */
export function createReadRows({
  clock,
  counters,
  log,
}: {
  clock: Clock;
  counters: Counters;
  log: Log;
}): ReadRows {
  let saidAtMs = -Infinity;
  return (rows, read) => {
    const all: ReturnType<typeof read>[] = [];
    for (const row of rows)
      try {
        all.push(read(row));
      } catch (error) {
        counters.add('fermata_unreadable_rows_total');
        if (clock.now() < saidAtMs + SAY_EVERY_MS) continue;
        saidAtMs = clock.now();
        log.error(
          { detail: messageOf(error).slice(0, 200), row: JSON.stringify(row).slice(0, 300) },
          'a stored row cannot be read and is left out; was a later version of Fermata here? fermata_unreadable_rows_total counts them',
        );
      }
    return all;
  };
}

import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/** How `read` sees these rows. Those that it throws at are left out. */
export type ReadRows = <Row, T>(rows: readonly Row[], read: (row: Row) => T) => T[];

const SAY_EVERY_MS = 60_000;

/**
 * A row that cannot be read, damaged or of a later version, must not keep all others away, and not
 * the server from starting: it is left out, counted, and said at most once a minute.
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

import type { Clock } from '../../base/clock.ts';
import { FermataError, messageOf } from '../../base/errors.ts';
import { createInserter, FAILURES } from './journal-inserter.ts';
import type { JournalTarget } from './journal-record.ts';
import type { RecoveryOptions } from './journal-recovery.ts';
import { createSegments, type Segment } from './journal-segments.ts';

export type { JournalTarget };

/**
 * Writes rows to a write-ahead journal before a table. An insert costs the same 5 to 17 ms of CPU
 * however small it is, so rows that must be durable before an answer are appended to a file, and
 * inserted a few times a second.
 *
 * A segment is a file of records (journal-record.ts): the first names the target table, each other
 * one holds rows in the table's insert format. A segment is deleted when all of it is in the table;
 * a manifest lists the segments that must exist (journal-manifest.ts). After a crash the remaining
 * segments are inserted again (journal-recovery.ts); rows that were inserted before are in the
 * table twice, and reads return one of each.
 */
export interface Journal {
  /**
   * Inserts what a previous run of the process left. Rejects with `store.unavailable`, and deletes
   * nothing then.
   */
  open(): Promise<void>;
  /**
   * Appends the parts as one payload. Durable once resolved, over a loss of power, too. Rejects,
   * retryable, when the table is too far behind.
   */
  append(rows: readonly Buffer[]): Promise<void>;
  /** Resolves when everything appended before is in the table; rejects when it cannot be now. */
  flush(): Promise<void>;
  /** Closes the files; rows that could not be inserted stay for the next `open`. */
  close(): Promise<void>;
}

export interface JournalOptions extends RecoveryOptions {
  clock: Clock;
}

/** Rows are inserted at once when the journal holds this much … */
const INSERT_AT_BYTES = 16 * 1024 * 1024;
/** … and beyond this much, senders wait for the table (backpressure). */
const MAX_BYTES = 128 * 1024 * 1024;

export function createJournal(options: JournalOptions): Journal {
  const { directory, clock, log, counters } = options;
  const segments = createSegments(options);
  /** Holds the segment that takes records now. */
  let current: Segment | undefined;
  let appending: Promise<unknown> = Promise.resolve();

  const end = (): boolean => {
    if (current === undefined) return true;
    if (!inserter.hasRoom) return false;
    inserter.add(current);
    current = undefined;
    return true;
  };
  const inserter = createInserter({
    ...options,
    segments,
    endCurrent() {
      // Queue behind the appends, so that no append is half-way into a segment that is about to be
      // closed.
      const ending = appending.then(end);
      appending = ending;
      return ending;
    },
  });

  counters.add(FAILURES, 0);
  counters.gauge('fermata_journal_bytes', () => segments.bytes);
  counters.gauge('fermata_journal_oldest_milliseconds', () => {
    const waiting = [...segments.live].filter(({ rows }) => rows.size > 0);
    const since = waiting.map(({ sinceMs }) => sinceMs);
    return since.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...since));
  });

  const appendNext = async (parts: readonly Buffer[]): Promise<void> => {
    // An empty record must not be written: zlib has no checksum of nothing, and an empty record
    // ends a segment.
    const rows = parts.filter((part) => part.length > 0);
    if (rows.length === 0) return;
    current ??= await segments.begin();
    const segment = current;
    try {
      await segments.write(segment, rows, () => clock.now());
    } catch (error) {
      // No record may follow a torn one, which would look like damage. And a segment that a full
      // disk tore stays torn.
      const isRepaired = await segments.repair(segment);
      if (!isRepaired || segment.rows.size === 0) {
        current = undefined;
        if (segment.rows.size === 0) await segments.discard(segment);
        else inserter.add(segment);
      }
      throw error;
    }
  };

  return {
    async open() {
      try {
        await segments.open();
      } catch (cause) {
        if (cause instanceof FermataError) throw cause;
        throw new FermataError(
          'store.unavailable',
          `${directory} cannot be used: ${messageOf(cause)}`,
          {
            cause,
            hint: 'It holds spans that were acknowledged. Check the disk.',
          },
        );
      }
    },
    async append(rows) {
      if (segments.bytes > MAX_BYTES) {
        const { refusal } = inserter;
        if (refusal) throw refusal.error;
        await inserter.flush();
      }
      const mine = appending.then(() => appendNext(rows));
      appending = mine.catch(() => undefined);
      await mine;
      if (segments.bytes > INSERT_AT_BYTES && !inserter.refusal)
        inserter.insertNow().catch(() => undefined);
      else inserter.insertSoon();
    },
    flush: () => inserter.flush(),
    async close() {
      const waiting = inserter.stop();
      await inserter
        .flush()
        .catch((error: unknown) =>
          log.warn(
            { reason: messageOf(error), bytes: segments.bytes },
            'spans stay in the journal until the next start',
          ),
        );
      for (const { file } of current ? [...waiting, current] : waiting) await file.close();
    },
  };
}

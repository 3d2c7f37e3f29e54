import type { Clock } from '../../base/clock.ts';
import { FermataError, messageOf } from '../../base/errors.ts';
import { createInserter, FAILURES } from './journal-inserter.ts';
import type { JournalTarget } from './journal-record.ts';
import type { RecoveryOptions } from './journal-recovery.ts';
import { createSegments, type Segment } from './journal-segments.ts';

export type { JournalTarget };

/**
 * Writes rows to a write-ahead journal before a table. An insert costs the same 5 to 17 ms of CPU
 * however small it is. So rows that must be durable before an answer are appended to a file, and
 * inserted a few times a second.
 *
 * A segment is a file of records (journal-record.ts): the first record names the target table, and
 * each other record holds rows in the table's insert format. A segment is deleted when all its rows
 * are in the table. A manifest lists the segments that must exist (journal-manifest.ts). After a
 * crash the remaining segments are inserted again (journal-recovery.ts). Rows that had been
 * inserted before the crash are then in the table twice, and reads return one of each.
 */
export interface Journal {
  /**
   * Inserts the rows that a previous run of the process did not insert. If the table refuses rows
   * now, rejects with `store.unavailable` and deletes nothing.
   */
  open(): Promise<void>;
  /**
   * Appends the buffers as one payload. Once the promise has resolved, the payload survives even a
   * loss of power. Rejects with a retryable error if too many bytes wait for the table.
   */
  append(rows: readonly Buffer[]): Promise<void>;
  /**
   * Resolves when all payloads that were appended before the call are in the table. Rejects if the
   * table refuses payloads now.
   */
  flush(): Promise<void>;
  /** Closes the files. Rows that could not be inserted stay in the journal for the next `open`. */
  close(): Promise<void>;
}

export interface JournalOptions extends RecoveryOptions {
  clock: Clock;
}

/** Size of the journal, bytes, at which its rows are inserted immediately. */
const INSERT_AT_BYTES = 16 * 1024 * 1024;
/** Size of the journal, bytes, beyond which senders wait for the table (backpressure). */
const MAX_BYTES = 128 * 1024 * 1024;

export function createJournal(options: JournalOptions): Journal {
  const { directory, clock, log, counters } = options;
  const segments = createSegments(options);
  /** The segment that takes records now; undefined until the next append begins one. */
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
      // Close the segment behind the pending appends, so that no append is still writing to it.
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
    // Omit empty buffers, because Node's `crc32` may return 0 for an empty buffer, which would
    // discard the checksum so far. Write no empty record, because the reader treats it as damaged.
    const rows = parts.filter((part) => part.length > 0);
    if (rows.length === 0) return;
    current ??= await segments.begin();
    const segment = current;
    try {
      await segments.write(segment, rows, () => clock.now());
    } catch (error) {
      // Cut off the incomplete record. Otherwise recovery would treat it as damage if another
      // record followed. If the cut fails, as on a full disk, append no more records to this
      // segment.
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
            `${options.holds} stay in the journal until the next start`,
          ),
        );
      for (const { file } of current ? [...waiting, current] : waiting) await file.close();
    },
  };
}

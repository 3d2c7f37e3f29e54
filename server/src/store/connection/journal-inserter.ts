import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { JournalTarget } from './journal-record.ts';
import type { Segment, Segments } from './journal-segments.ts';

/**
 * Inserts segments of the journal into the table when a timer fires, when a caller asks for an
 * insert, and again after a failure.
 */
export interface Inserter {
  /**
   * False while the maximum number of segments wait for the table. Meanwhile the current segment
   * cannot be closed, and new records are appended to it.
   */
  readonly hasRoom: boolean;
  /** Adds a segment that takes no more records and whose rows are not in the table yet. */
  add(segment: Segment): void;
  /**
   * Error of the last insert, if the table refused it within the last RETRY_MS; undefined
   * otherwise.
   */
  readonly refusal: { error: unknown } | undefined;
  /** Inserts all rows that are in the journal now. Rejects if the table refuses some of them. */
  insertNow(): Promise<void>;
  insertSoon(): void;
  /** Waits for the insert under way, and then inserts the rows that the journal still holds. */
  flush(): Promise<void>;
  /** Stops the timer, and returns the segments that wait for the table. */
  stop(): readonly Segment[];
}

export interface InserterOptions {
  directory: string;
  /** What the rows of the journal are, for messages in the log. */
  holds: string;
  target: JournalTarget;
  clock: Clock;
  log: Log;
  counters: Counters;
  segments: Segments;
  insert(target: JournalTarget, rows: Buffer): Promise<void>;
  /**
   * Ends the current segment between two appends, and adds it to the waiting segments. Resolves to
   * false if there is no room for another waiting segment.
   */
  endCurrent(): Promise<boolean>;
}

/**
 * Time between two inserts, ms. Queries for raw spans find the newest spans nevertheless, because
 * such queries flush the journal first.
 */
const INSERT_EVERY_MS = 1000;
const RETRY_MS = 1000;
/**
 * Maximum number of segments that wait for a table that refuses rows. The maximum is small, because
 * each segment occupies a file and memory. Once it is reached, the current segment grows instead.
 */
const MAX_ENDED = 4;
/**
 * Number of refused payloads, with none accepted, after which an insert of single payloads stops.
 * The remaining payloads are tried at the next insert.
 */
const MAX_REFUSED = 3;
export const FAILURES = 'fermata_journal_failures_total';

export function createInserter(options: InserterOptions): Inserter {
  const { clock, segments } = options;
  const ended: Segment[] = [];
  let inserting: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let stopped = false;
  let failed: { error: unknown; atMs: number } | undefined;

  /**
   * Inserts all waiting segments, and returns the error of the last segment that failed. After a
   * failure the next segments are still inserted.
   */
  const insertEnded = async (): Promise<{ error: unknown } | undefined> => {
    let failure: { error: unknown } | undefined;
    for (const segment of [...ended])
      try {
        await insertSegment(options, segment);
        ended.splice(ended.indexOf(segment), 1);
        await segments.discard(segment);
        segments.recycle(segment);
      } catch (error) {
        failure = { error };
      }
    return failure;
  };
  const insertAll = async (): Promise<void> => {
    for (let all = false; !all;) {
      all = await options.endCurrent();
      const failure = await insertEnded();
      if (failure === undefined) continue;
      // The segments that failed now stay in the journal for longer. Save how many records each of
      // them has, so that recovery can detect records that a disk error destroys meanwhile.
      await segments.saveManifest().catch(() => undefined);
      throw failure.error;
    }
  };
  const onFailure = (error: unknown): never => {
    failed = { error, atMs: clock.now() };
    options.counters.add(FAILURES);
    options.log.error(
      {
        detail: messageOf(error).slice(0, 500),
        bytes: segments.bytes,
        directory: options.directory,
      },
      `${options.holds} could not be inserted from the journal; trying again`,
    );
    throw error;
  };
  const insertNow = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    inserting ??= insertAll()
      .then(() => void (failed = undefined), onFailure)
      .finally(() => {
        inserting = undefined;
        if (segments.bytes > 0) insertAfter(failed ? RETRY_MS : INSERT_EVERY_MS);
      });
    return inserting;
  };
  const insertAfter = (delayMs: number): void => {
    if (stopped || inserting !== undefined || cancel !== undefined) return;
    cancel = clock.after(delayMs, () => void insertNow().catch(() => undefined));
  };

  return {
    get hasRoom() {
      return ended.length < MAX_ENDED;
    },
    add: (segment) => void ended.push(segment),
    get refusal() {
      return failed !== undefined && clock.now() < failed.atMs + RETRY_MS ? failed : undefined;
    },
    insertNow,
    insertSoon: () => insertAfter(INSERT_EVERY_MS),
    async flush() {
      await inserting?.catch(() => undefined);
      if (segments.bytes > 0) await insertNow();
    },
    stop() {
      stopped = true;
      cancel?.();
      return ended;
    },
  };
}

type Into = Pick<InserterOptions, 'insert' | 'target'>;

/**
 * Inserts a segment. If that fails, each payload is tried by itself, so that one bad payload does
 * not hold back the other payloads. Rejects if the table refused any payload.
 */
async function insertSegment(into: Into, segment: Segment): Promise<void> {
  const { rows } = segment;
  const each = rows.each();
  let left: readonly Buffer[] = [];
  let failure: unknown;
  try {
    if (each.length > 0) await into.insert(into.target, rows.all());
  } catch (error) {
    failure = error;
    left = each.length === 1 ? each : await insertSingly(into, each, segment.next++);
  }
  rows.keep(left);
  if (left.length > 0) throw failure;
}

/**
 * Inserts the payloads one by one, and returns those that the table refused, in order. `first` is
 * the index of the payload to begin with. This index differs at each call, so that in time every
 * payload is tried.
 */
async function insertSingly(
  into: Into,
  payloads: readonly Buffer[],
  first: number,
): Promise<Buffer[]> {
  const taken = new Set<Buffer>();
  let refused = 0;
  for (let i = 0; i < payloads.length && (taken.size > 0 || refused < MAX_REFUSED); i++) {
    const one = payloads[(first + i) % payloads.length]!;
    await into.insert(into.target, one).then(
      () => taken.add(one),
      () => refused++,
    );
  }
  return payloads.filter((one) => !taken.has(one));
}

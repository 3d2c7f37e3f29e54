import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { JournalTarget } from './journal-record.ts';
import type { Segment, Segments } from './journal-segments.ts';

/**
 * Inserts segments of the journal into the table: in time, on request, and again after a failure.
 */
export interface Inserter {
  /** False where too many segments wait; the current one then goes on taking records. */
  readonly hasRoom: boolean;
  /** Adds a segment that is closed to records, and not yet in the table. */
  add(segment: Segment): void;
  /** Holds the recent error of the table, until the next retry. */
  readonly refusal: { error: unknown } | undefined;
  /** Inserts all that is in the journal now. */
  insertNow(): Promise<void>;
  insertSoon(): void;
  /** Inserts what the journal holds, if anything, after the insert under way. */
  flush(): Promise<void>;
  /** Stops the timer, and returns the segments that wait. */
  stop(): readonly Segment[];
}

export interface InserterOptions {
  directory: string;
  target: JournalTarget;
  clock: Clock;
  log: Log;
  counters: Counters;
  segments: Segments;
  insert(target: JournalTarget, rows: Buffer): Promise<void>;
  /**
   * Ends the current segment between two appends, and adds it. Resolves to false where there is no
   * room.
   */
  endCurrent(): Promise<boolean>;
}

/**
 * Inserts are this far apart, in ms. Reads of raw spans are no staler for it, because they flush.
 */
const INSERT_EVERY_MS = 1000;
const RETRY_MS = 1000;
/**
 * Bounds the segments that wait for a table that refuses rows, because each holds a file and
 * memory. The current segment grows meanwhile.
 */
const MAX_ENDED = 4;
/** After this many refused payloads, and none accepted, the remaining ones are not tried now. */
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
   * Inserts all waiting segments and returns the last failure: one failing segment does not hold up
   * the others.
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
      // These segments wait for longer, so save the manifest: if they are lost meanwhile, it tells
      // how many records they had.
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
      'spans could not be inserted from the journal; trying again',
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
 * Inserts a segment. After a failure each payload is tried by itself, so that one bad payload does
 * not hold back the others.
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
 * Returns the payloads that were refused, in order. `first` is tried first, so that in time all are
 * tried.
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

import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { JournalTarget } from './journal-record.ts';
import type { Segment, Segments } from './journal-segments.ts';

/**
 * Brings segments of the journal into the table: in time, when asked, and again after a failure.
 */
export interface Inserter {
  /** False: too many wait; it goes on taking records. */
  readonly hasRoom: boolean;
  /** Closed to records, and not yet in the table. */
  add(segment: Segment): void;
  /** Why the table refused a moment ago: it is asked again after a while. */
  readonly refusal: { error: unknown } | undefined;
  /** All that is in the journal now. */
  insertNow(): Promise<void>;
  insertSoon(): void;
  /** As `insertNow`, after what is under way, if there is anything to insert. */
  flush(): Promise<void>;
  /** Nothing begins any more by itself; gives what waits. */
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
  /** Adds the segment that takes records now, between two of them. False where there is no room. */
  endCurrent(): Promise<boolean>;
}

/** Between two inserts, ms; what is seen of raw spans is not older, for reads flush. */
const INSERT_EVERY_MS = 1000;
const RETRY_MS = 1000;
/**
 * Segments that wait for a table that takes nothing: each holds a file and memory. The current one
 * grows meanwhile.
 */
const MAX_ENDED = 4;
/** A table that refused so many payloads, and took none, is not asked for the others now. */
const MAX_REFUSED = 3;
export const FAILURES = 'fermata_journal_failures_total';

export function createInserter(options: InserterOptions): Inserter {
  const { clock, segments } = options;
  const ended: Segment[] = [];
  let inserting: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let stopped = false;
  let failed: { error: unknown; atMs: number } | undefined;

  /** Gives the last failure: what one segment holds back, others do not wait for. */
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
      // These wait for longer than a moment: if they are lost meanwhile, it is known how many they
      // were.
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

/** One bad payload must not hold back the others: after a failure each is tried by itself. */
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

/** Those that were not taken, in order. `first` is tried first, so that all are some time. */
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

import { randomBytes } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../base/clock.ts';
import { FermataError, messageOf } from '../../base/errors.ts';
import { createManifestFile, type Manifest } from './journal-manifest.ts';
import { encodeHead, encodeTarget, hashOf, KINDS, sizeOf, type JournalTarget } from './journal-record.ts';
import { fileName, recover, type RecoveryOptions } from './journal-recovery.ts';
import { createPayloadBuffer, type PayloadBuffer } from './payload-buffer.ts';

export type { JournalTarget };

/**
 * A write-ahead journal before a table. An insert costs the same 5 to 17 ms of CPU however small it
 * is, so what must be durable before an answer is appended to a file, and inserted a few times a
 * second.
 *
 * A segment is a file of records (journal-record.ts): the first says where the others belong, each
 * other one is rows in the table's insert format. A segment is deleted when all of it is in the
 * table; which ones there must be stands in a manifest (journal-manifest.ts). After a crash what is
 * left is inserted again (journal-recovery.ts), and rows that were there already are there twice
 * (reads give one of each).
 */
export interface Journal {
  /**
   * Inserts what a previous run of the process left. Rejects with `store.unavailable`; nothing is
   * deleted then.
   */
  open(): Promise<void>;
  /**
   * Durable once resolved, over a loss of power, too. The parts are one payload. Rejects,
   * retryable, when the table is too far behind.
   */
  append(rows: readonly Buffer[]): Promise<void>;
  /** Resolves when everything appended before is in the table; rejects when it cannot be now. */
  flush(): Promise<void>;
  /** What could not be inserted stays for the next `open`. */
  close(): Promise<void>;
}

export interface JournalOptions extends RecoveryOptions {
  clock: Clock;
}

interface Segment {
  number: number;
  /** In each of its records, so that nothing else is taken for one. */
  random: number;
  path: string;
  file: FileHandle;
  /** Of the file, up to the end of the last record, bytes. */
  size: number;
  /** Sequence numbers of its rows, without `to`. */
  from: number;
  to: number;
  /** Appended, not in the table. */
  rows: PayloadBuffer;
  /** When the first of these came. */
  sinceMs: number;
  /** Which of its payloads is tried first, where they are tried one by one. */
  next: number;
}

/** Between two inserts, ms; what is seen of raw spans is not older, for reads flush. */
const INSERT_EVERY_MS = 1000;
const RETRY_MS = 1000;
/** So much is inserted without waiting … */
const INSERT_AT_BYTES = 16 * 1024 * 1024;
/** … and beyond this much, senders wait for the table. */
const MAX_BYTES = 128 * 1024 * 1024;
const MAX_SPARE = 2;
/**
 * Segments that wait for a table that takes nothing: each holds a file and memory. The current one
 * grows meanwhile.
 */
const MAX_ENDED = 4;
/** A table that refused so many payloads, and took none, is not asked for the others now. */
const MAX_REFUSED = 3;
const FAILURES = 'fermata_journal_failures_total';

export function createJournal(options: JournalOptions): Journal {
  const { directory, clock, log, counters, target } = options;
  const manifest = createManifestFile(directory);
  const targetHash = hashOf(target);
  let number = 0;
  /** Of the next record. */
  let sequence = 0;
  const spare: Buffer[] = [];
  let current: Segment | undefined;
  /** Closed to records, not yet in the table. */
  const ended: Segment[] = [];
  /** All that the next start must find, in the order in which they were begun. */
  const live = new Set<Segment>();
  /** Files that nobody needs, and that must not go before the manifest is without them. */
  const unwanted: string[] = [];
  let bytes = 0;
  let appending: Promise<unknown> = Promise.resolve();
  let inserting: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let closed = false;
  /** The table refused; it is asked again after a while. */
  let failed: { error: unknown; atMs: number } | undefined;
  const refuses = (): boolean => failed !== undefined && clock.now() < failed.atMs + RETRY_MS;

  counters.add(FAILURES, 0);
  counters.gauge('fermata_journal_bytes', () => bytes);
  counters.gauge('fermata_journal_oldest_milliseconds', () => {
    const since = [...live].filter(({ rows }) => rows.size > 0).map(({ sinceMs }) => sinceMs);
    return since.length === 0 ? 0 : Math.max(0, clock.now() - Math.min(...since));
  });

  const saveManifest = (): Promise<void> =>
    manifest.save((): Manifest => ({
      number,
      sequence,
      target,
      live: [...live].map(({ number, random, from, to }) => ({ number, random, from, to })),
    }));
  const write = async (
    segment: Segment,
    kind: typeof KINDS.rows | typeof KINDS.target,
    payload: readonly Buffer[],
  ): Promise<void> => {
    const head = encodeHead({ kind, sequence, segment: segment.random, target: targetHash }, payload);
    const size = head.length + sizeOf(payload);
    const { bytesWritten } = await segment.file.writev([head, ...payload]);
    if (bytesWritten !== size) throw new Error('the disk is full');
    await segment.file.datasync();
    segment.size += size;
  };
  const begin = async (): Promise<Segment> => {
    const path = join(directory, fileName(++number));
    const segment: Segment = {
      number,
      random: randomBytes(4).readUInt32LE(),
      path,
      file: await open(path, 'ax'),
      size: 0,
      from: sequence,
      to: sequence,
      rows: createPayloadBuffer(spare.pop()),
      sinceMs: 0,
      next: 0,
    };
    try {
      await write(segment, KINDS.target, [encodeTarget(target)]);
      const folder = await open(directory, 'r');
      await folder.sync().finally(() => folder.close());
      live.add(segment);
      await saveManifest();
    } catch (error) {
      await discard(segment);
      throw error;
    }
    return segment;
  };
  /** False: too many ended ones wait; this one goes on. */
  const end = (): boolean => {
    if (current === undefined) return true;
    if (ended.length >= MAX_ENDED) return false;
    ended.push(current);
    current = undefined;
    return true;
  };
  /**
   * Nothing in it is needed any more. If it stays, its rows are inserted again with the next start.
   */
  const discard = async (segment: Segment): Promise<void> => {
    await segment.file.close().catch(() => undefined);
    live.delete(segment);
    unwanted.push(segment.path);
    const paths = unwanted.splice(0);
    try {
      await saveManifest();
      while (paths.length > 0) await unlink(paths.pop()!);
    } catch (error) {
      // Those that are left go with the next one.
      unwanted.push(...paths);
      log.warn(
        { reason: messageOf(error), path: segment.path },
        'a file of the journal could not be deleted',
      );
    }
  };

  /** One bad payload must not hold back the others: after a failure each is tried by itself. */
  const insertRows = async (segment: Segment): Promise<void> => {
    const { rows } = segment;
    const each = rows.each();
    let left: readonly Buffer[] = [];
    let failure: unknown;
    try {
      if (each.length > 0) await options.insert(target, rows.all());
    } catch (error) {
      failure = error;
      left = each.length === 1 ? each : await insertSingly(each, segment.next++);
    }
    bytes -= rows.size;
    rows.keep(left);
    bytes += rows.size;
    if (left.length > 0) throw failure;
  };
  /** Those that were not taken, in order. `first` is tried first, so that all are some time. */
  const insertSingly = async (payloads: readonly Buffer[], first: number): Promise<Buffer[]> => {
    const taken = new Set<Buffer>();
    let refused = 0;
    for (let i = 0; i < payloads.length && (taken.size > 0 || refused < MAX_REFUSED); i++) {
      const one = payloads[(first + i) % payloads.length]!;
      await options.insert(target, one).then(
        () => taken.add(one),
        () => refused++,
      );
    }
    return payloads.filter((one) => !taken.has(one));
  };
  const insertAll = async (): Promise<void> => {
    for (let all = false; !all;) {
      // In turn with the appends: none is half-way into a segment that is about to be closed.
      const ending = appending.then(end);
      appending = ending;
      all = await ending;
      let failure: { error: unknown } | undefined;
      for (const segment of [...ended])
        try {
          await insertRows(segment);
          ended.splice(ended.indexOf(segment), 1);
          await discard(segment);
          if (spare.length < MAX_SPARE) spare.push(segment.rows.memory);
        } catch (error) {
          failure = { error };
        }
      if (failure) {
        // These wait for longer than a moment: if they are lost meanwhile, it is known how many
        // they were.
        await saveManifest().catch(() => undefined);
        throw failure.error;
      }
    }
  };
  const insertNow = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    inserting ??= insertAll()
      .then(
        () => {
          failed = undefined;
        },
        (error: unknown) => {
          failed = { error, atMs: clock.now() };
          counters.add(FAILURES);
          log.error(
            { detail: messageOf(error).slice(0, 500), bytes, directory },
            'spans could not be inserted from the journal; trying again',
          );
          throw error;
        },
      )
      .finally(() => {
        inserting = undefined;
        if (bytes > 0) insertSoon(failed ? RETRY_MS : INSERT_EVERY_MS);
      });
    return inserting;
  };
  const insertSoon = (delayMs: number): void => {
    if (closed || inserting !== undefined || cancel !== undefined) return;
    cancel = clock.after(delayMs, () => void insertNow().catch(() => undefined));
  };
  const flush = async (): Promise<void> => {
    await inserting?.catch(() => undefined);
    if (bytes > 0) await insertNow();
  };

  const appendNext = async (parts: readonly Buffer[]): Promise<void> => {
    // Zlib has no checksum of nothing, and a record of nothing ends a segment.
    const rows = parts.filter((part) => part.length > 0);
    if (rows.length === 0) return;
    current ??= await begin();
    const segment = current;
    try {
      await write(segment, KINDS.rows, rows);
    } catch (error) {
      // Nothing may follow a record that is torn, for it looks like damage. And what is full of it
      // stays full.
      const mended = await segment.file.truncate(segment.size).then(
        () => true,
        () => false,
      );
      if (!mended || segment.rows.size === 0) {
        current = undefined;
        if (segment.rows.size === 0) await discard(segment);
        else ended.push(segment);
      }
      throw error;
    }
    segment.to = ++sequence;
    if (segment.rows.size === 0) segment.sinceMs = clock.now();
    segment.rows.add(rows);
    bytes += sizeOf(rows);
  };

  return {
    async open() {
      try {
        ({ number, sequence } = await recover(options, manifest));
        await saveManifest();
        const folder = await open(directory, 'r');
        await folder.sync().finally(() => folder.close());
      } catch (cause) {
        if (cause instanceof FermataError) throw cause;
        throw new FermataError('store.unavailable', `${directory} cannot be used: ${messageOf(cause)}`, {
          cause,
          hint: 'It holds spans that were acknowledged. Check the disk.',
        });
      }
    },
    async append(rows) {
      if (bytes > MAX_BYTES) {
        if (failed && refuses()) throw failed.error;
        await flush();
      }
      const mine = appending.then(() => appendNext(rows));
      appending = mine.catch(() => undefined);
      await mine;
      if (bytes > INSERT_AT_BYTES && !refuses()) insertNow().catch(() => undefined);
      else insertSoon(INSERT_EVERY_MS);
    },
    flush,
    async close() {
      closed = true;
      cancel?.();
      await flush().catch((error: unknown) =>
        log.warn({ reason: messageOf(error), bytes }, 'spans stay in the journal until the next start'),
      );
      for (const { file } of current ? [...ended, current] : ended) await file.close();
    },
  };
}

import { mkdir, open, readFile, readdir, rename, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Clock } from '../base/clock.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { InsertFormat } from './connection.ts';

/**
 * A write-ahead journal before a table. An insert costs the same 5 to 17 ms of CPU however small it is, so what must be
 * durable before an answer is appended to a file, and inserted a few times a second.
 *
 * A segment is a file of records: 4 bytes of length, 4 of CRC-32 (both little-endian), payload. The first record says
 * where the others belong (JSON); each other one is rows in the table's insert format. A segment ends where a record
 * does not check out: what follows was never acknowledged, or else the file is damaged and kept aside. A segment is
 * deleted when all of it is in the table; after a crash it is inserted again, and rows that were there already are there
 * twice (reads give one of each).
 */
export interface Journal {
  /** Inserts what an earlier life left. Rejects with `store.unavailable`; nothing is deleted then. */
  open(): Promise<void>;
  /**
   * Durable once resolved, over a loss of power, too. The parts are one payload. Rejects, retryable, when the table is too
   * far behind.
   */
  append(rows: readonly Buffer[]): Promise<void>;
  /** Resolves when everything appended before is in the table; rejects when it cannot be now. */
  flush(): Promise<void>;
  /** What could not be inserted stays for the next `open`. */
  close(): Promise<void>;
}

export interface JournalTarget {
  table: string;
  columns: readonly string[];
  format: InsertFormat;
}

export interface JournalOptions {
  directory: string;
  clock: Clock;
  log: Log;
  target: JournalTarget;
  insert(target: JournalTarget, rows: Buffer): Promise<void>;
}

interface Segment {
  path: string;
  file: FileHandle;
  /** Of the file, up to the end of the last record, bytes. */
  size: number;
  /** Appended, not in the table. */
  rows: Rows;
  /** Which of its payloads is tried first, where they are tried one by one. */
  next: number;
}

/** Between two inserts, ms; what is seen of raw spans is not older, for reads flush. */
const INSERT_EVERY_MS = 1000;
const RETRY_MS = 1000;
/** So much is inserted without waiting … */
const MUCH_BYTES = 16 * 1024 * 1024;
/** … and beyond this much, senders wait for the table. */
const MOST_BYTES = 128 * 1024 * 1024;
/** Of what an earlier life left, in one insert. */
const CHUNK_BYTES = 32 * 1024 * 1024;
const MOST_SPARE = 2;
/** Segments that wait for a table that takes nothing: each holds a file and memory. The current one grows meanwhile. */
const MOST_ENDED = 4;
/** A table that refused so many payloads, and took none, is not asked for the others now. */
const MOST_REFUSED = 3;
const SUFFIX = '.journal';
const DAMAGED = '.damaged';

export function createJournal(options: JournalOptions): Journal {
  const { directory, clock, log, target } = options;
  let number = 0;
  const spare: Buffer[] = [];
  let current: Segment | undefined;
  /** Closed to records, not yet in the table. */
  const ended: Segment[] = [];
  let bytes = 0;
  let appending: Promise<unknown> = Promise.resolve();
  let inserting: Promise<void> | undefined;
  let cancel: (() => void) | undefined;
  let closed = false;
  /** The table refused; it is asked again after a while. */
  let failed: { error: unknown; atMs: number } | undefined;
  const refuses = (): boolean => failed !== undefined && clock.now() < failed.atMs + RETRY_MS;

  const begin = async (): Promise<Segment> => {
    const path = join(directory, String(++number).padStart(12, '0') + SUFFIX);
    const file = await open(path, 'ax');
    const segment: Segment = { path, file, size: 0, rows: createRows(spare.pop()), next: 0 };
    try {
      await writeRecord(segment, [Buffer.from(JSON.stringify(target))]);
      const folder = await open(directory, 'r');
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      await discard(segment);
      throw error;
    }
    return segment;
  };
  /** False: too many ended ones wait; this one goes on. */
  const end = (): boolean => {
    if (current === undefined) return true;
    if (ended.length >= MOST_ENDED) return false;
    ended.push(current);
    current = undefined;
    return true;
  };
  /** Nothing in it is needed any more. If it stays, its rows are inserted again with the next start. */
  const discard = async ({ path, file }: Segment): Promise<void> => {
    await file.close().catch(() => undefined);
    await unlink(path).catch((error: unknown) =>
      log.warn({ reason: messageOf(error), path }, 'a file of the journal could not be deleted'),
    );
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
    for (let i = 0; i < payloads.length && (taken.size > 0 || refused < MOST_REFUSED); i++) {
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
          if (spare.length < MOST_SPARE) spare.push(segment.rows.memory);
        } catch (error) {
          failure = { error };
        }
      if (failure) throw failure.error;
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
      await writeRecord(segment, rows);
    } catch (error) {
      // Nothing may follow a record that is torn: it would not be found. And what is full of it stays full.
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
    segment.rows.add(rows);
    bytes += sizeOf(rows);
  };

  return {
    async open() {
      await mkdir(directory, { recursive: true });
      const paths = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX)).sort();
      number = Number.parseInt(paths.at(-1) ?? '0', 10);
      for (const path of paths.map((name) => join(directory, name))) {
        const { records, torn, damaged } = recordsOf(await readFile(path));
        const [head, ...payloads] = records;
        try {
          for (const rows of chunksOf(payloads))
            await options.insert(JSON.parse(String(head)) as JournalTarget, rows);
        } catch (cause) {
          throw new FermataError('store.unavailable', `${path} cannot be inserted: ${messageOf(cause)}`, {
            cause,
            hint: 'It holds spans that were acknowledged. Check the disk, or start the version that wrote it.',
          });
        }
        if (damaged) {
          await rename(path, path + DAMAGED);
          log.error(
            { path: path + DAMAGED, bytes: torn },
            'a file of the journal is damaged: acknowledged spans may be lost; what is left of them is kept there',
          );
        } else await unlink(path);
        log.info({ bytes: sizeOf(payloads), torn }, 'spans from the journal of the last run');
      }
    },
    async append(rows) {
      if (bytes > MOST_BYTES) {
        if (failed && refuses()) throw failed.error;
        await flush();
      }
      const mine = appending.then(() => appendNext(rows));
      appending = mine.catch(() => undefined);
      await mine;
      if (bytes > MUCH_BYTES && !refuses()) insertNow().catch(() => undefined);
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

/** Payloads one after the other in one buffer, which is used again: buffers that live for a while cost whole collections. */
interface Rows {
  readonly size: number;
  readonly memory: Buffer;
  add(payload: readonly Buffer[]): void;
  all(): Buffer;
  each(): Buffer[];
  /** Forgets all but these, which are among `each()`. */
  keep(payloads: readonly Buffer[]): void;
}

function createRows(memory: Buffer = Buffer.allocUnsafeSlow(1024 * 1024)): Rows {
  let ends: number[] = [];
  const size = (): number => ends.at(-1) ?? 0;
  const add = (payload: readonly Buffer[]): void => {
    const from = size();
    const to = from + sizeOf(payload);
    if (to > memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * memory.length, to));
      memory.copy(larger, 0, 0, from);
      memory = larger;
    }
    let at = from;
    for (const part of payload) at += part.copy(memory, at);
    ends.push(to);
  };
  return {
    get size() {
      return size();
    },
    get memory() {
      return memory;
    },
    add,
    all: () => memory.subarray(0, size()),
    each: () => ends.map((end, i) => memory.subarray(ends[i - 1] ?? 0, end)),
    keep(payloads) {
      // In ascending order, so that nothing is overwritten before it is moved.
      ends = [];
      for (const payload of payloads) add([payload]);
    },
  };
}

async function writeRecord(segment: Segment, payload: readonly Buffer[]): Promise<void> {
  const head = Buffer.alloc(HEAD_BYTES);
  const length = sizeOf(payload);
  head.writeUInt32LE(length, 0);
  head.writeUInt32LE(
    payload.reduce((sum, part) => crc32(part, sum), 0),
    4,
  );
  const size = head.length + length;
  const { bytesWritten } = await segment.file.writev([head, ...payload]);
  if (bytesWritten !== size) throw new Error('the disk is full');
  await segment.file.datasync();
  segment.size += size;
}

const HEAD_BYTES = 8;

/**
 * Records up to the first that does not check out, and how many bytes follow them. A crash leaves a record that ends too
 * soon, or zeros; one that is all there and is not what was written is damage.
 */
function recordsOf(file: Buffer): { records: Buffer[]; torn: number; damaged: boolean } {
  const records: Buffer[] = [];
  let at = 0;
  let damaged = false;
  while (at + HEAD_BYTES <= file.length) {
    const length = file.readUInt32LE(at);
    const to = at + HEAD_BYTES + length;
    if (length === 0 || to > file.length) break;
    const payload = file.subarray(at + HEAD_BYTES, to);
    if (crc32(payload) !== file.readUInt32LE(at + 4)) {
      damaged = true;
      break;
    }
    records.push(payload);
    at = to;
  }
  return { records, torn: file.length - at, damaged };
}

function* chunksOf(payloads: readonly Buffer[]): Iterable<Buffer> {
  let chunk: Buffer[] = [];
  for (const payload of payloads) {
    chunk.push(payload);
    if (sizeOf(chunk) < CHUNK_BYTES) continue;
    yield Buffer.concat(chunk);
    chunk = [];
  }
  if (chunk.length > 0) yield Buffer.concat(chunk);
}

const sizeOf = (list: readonly Buffer[]): number => list.reduce((sum, one) => sum + one.length, 0);

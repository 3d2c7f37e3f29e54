import { mkdir, open, readFile, readdir, unlink, type FileHandle } from 'node:fs/promises';
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
 * does not check out: what follows was never acknowledged. A segment is deleted when all of it is in the table; after a
 * crash it is inserted again, and rows that were there already are there twice (reads give one of each).
 */
export interface Journal {
  /** Inserts what an earlier life left. Rejects with `store.unavailable`; nothing is deleted then. */
  open(): Promise<void>;
  /** Durable once resolved, over a loss of power, too. Rejects, retryable, when the table is too far behind. */
  append(rows: Buffer): Promise<void>;
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
  /** Appended, not in the table. */
  rows: Rows;
}

/** Between two inserts, ms; what is seen of raw spans is not older, for reads flush. */
const INSERT_EVERY_MS = 250;
const RETRY_MS = 1000;
/** So much is inserted without waiting … */
const MUCH_BYTES = 16 * 1024 * 1024;
/** … and beyond this much, senders wait for the table. */
const MOST_BYTES = 128 * 1024 * 1024;
/** Of what an earlier life left, in one insert. */
const CHUNK_BYTES = 32 * 1024 * 1024;
const MOST_SPARE = 2;
const SUFFIX = '.journal';

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

  const begin = async (): Promise<Segment> => {
    const path = join(directory, String(++number).padStart(12, '0') + SUFFIX);
    const file = await open(path, 'wx');
    try {
      await writeRecord(file, Buffer.from(JSON.stringify(target)));
      const folder = await open(directory, 'r');
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      await file.close();
      throw error;
    }
    return { path, file, rows: createRows(spare.pop()) };
  };
  const end = (): void => {
    if (current === undefined) return;
    ended.push(current);
    current = undefined;
  };

  /** One bad payload must not hold back the others: after a failure each is tried by itself. */
  const insertRows = async (segment: Segment): Promise<void> => {
    const { rows } = segment;
    const took = (left: readonly Buffer[]): void => {
      bytes -= rows.size;
      rows.keep(left);
      bytes += rows.size;
    };
    const each = rows.each();
    try {
      if (each.length > 0) await options.insert(target, rows.all());
      took([]);
    } catch (error) {
      if (each.length === 1) throw error;
      const left: { one: Buffer; error: unknown }[] = [];
      for (const one of each)
        await options.insert(target, one).catch((cause: unknown) => left.push({ one, error: cause }));
      took(left.map(({ one }) => one));
      if (left[0]) throw left[0].error;
    }
  };
  const insertEnded = async (): Promise<void> => {
    // In turn with the appends: none is half-way into a segment that is about to be closed.
    await (appending = appending.then(end));
    let failed: { error: unknown } | undefined;
    for (const segment of [...ended])
      try {
        await insertRows(segment);
        await segment.file.close();
        await unlink(segment.path);
        ended.splice(ended.indexOf(segment), 1);
        if (spare.length < MOST_SPARE) spare.push(segment.rows.memory);
      } catch (error) {
        failed = { error };
      }
    if (failed) throw failed.error;
  };
  const insertNow = (): Promise<void> => {
    cancel?.();
    cancel = undefined;
    inserting ??= insertEnded().finally(() => {
      inserting = undefined;
      if (bytes > 0) insertSoon(ended.length > 0 ? RETRY_MS : INSERT_EVERY_MS);
    });
    return inserting;
  };
  const insertSoon = (delayMs: number): void => {
    if (closed || inserting !== undefined || cancel !== undefined) return;
    cancel = clock.after(delayMs, () => {
      insertNow().catch((error: unknown) =>
        log.error(
          { detail: messageOf(error).slice(0, 500), bytes, directory },
          'spans could not be inserted from the journal; trying again',
        ),
      );
    });
  };
  const flush = async (): Promise<void> => {
    await inserting?.catch(() => undefined);
    if (bytes > 0) await insertNow();
  };

  const appendNext = async (rows: Buffer): Promise<void> => {
    try {
      current ??= await begin();
      await writeRecord(current.file, rows);
    } catch (error) {
      // Nothing may follow a record that is torn: it would not be found.
      end();
      throw error;
    }
    current.rows.add(rows);
    bytes += rows.length;
  };

  return {
    async open() {
      await mkdir(directory, { recursive: true });
      const paths = (await readdir(directory)).filter((name) => name.endsWith(SUFFIX)).sort();
      number = Math.max(0, ...paths.map((name) => Number.parseInt(name, 10)));
      for (const path of paths.map((name) => join(directory, name))) {
        const { records, torn } = recordsOf(await readFile(path));
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
        await unlink(path);
        log.info({ bytes: sizeOf(payloads), torn }, 'spans from the journal of the last run');
      }
    },
    async append(rows) {
      if (bytes > MOST_BYTES) await flush();
      const mine = appending.then(() => appendNext(rows));
      appending = mine.catch(() => undefined);
      await mine;
      if (bytes > MUCH_BYTES) insertNow().catch(() => undefined);
      else insertSoon(INSERT_EVERY_MS);
    },
    flush,
    async close() {
      closed = true;
      cancel?.();
      await flush().catch((error: unknown) =>
        log.warn({ reason: messageOf(error), bytes }, 'spans stay in the journal until the next start'),
      );
      end();
      for (const { file } of ended) await file.close();
    },
  };
}

/** Payloads one after the other in one buffer, which is used again: buffers that live for a while cost whole collections. */
interface Rows {
  readonly size: number;
  readonly memory: Buffer;
  add(payload: Buffer): void;
  all(): Buffer;
  each(): Buffer[];
  /** Forgets all but these, which are among `each()`. */
  keep(payloads: readonly Buffer[]): void;
}

function createRows(memory: Buffer = Buffer.allocUnsafeSlow(1024 * 1024)): Rows {
  let ends: number[] = [];
  const size = (): number => ends.at(-1) ?? 0;
  const add = (payload: Buffer): void => {
    const from = size();
    const to = from + payload.length;
    if (to > memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * memory.length, to));
      memory.copy(larger, 0, 0, from);
      memory = larger;
    }
    payload.copy(memory, from);
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
      for (const payload of payloads) add(payload);
    },
  };
}

async function writeRecord(file: FileHandle, payload: Buffer): Promise<void> {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(payload.length, 0);
  head.writeUInt32LE(crc32(payload), 4);
  const { bytesWritten } = await file.writev([head, payload]);
  if (bytesWritten !== head.length + payload.length) throw new Error('the disk is full');
  await file.datasync();
}

/** Records up to the first that does not check out, and how many bytes follow them. */
function recordsOf(file: Buffer): { records: Buffer[]; torn: number } {
  const records: Buffer[] = [];
  let at = 0;
  while (at + 8 <= file.length) {
    const to = at + 8 + file.readUInt32LE(at);
    const payload = file.subarray(at + 8, to);
    if (to > file.length || crc32(payload) !== file.readUInt32LE(at + 4)) break;
    records.push(payload);
    at = to;
  }
  return { records, torn: file.length - at };
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

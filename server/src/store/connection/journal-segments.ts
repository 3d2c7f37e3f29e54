import { randomBytes } from 'node:crypto';
import { open, unlink, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.ts';
import { createManifestFile, type Manifest } from './journal-manifest.ts';
import { encodeHead, encodeTarget, hashOf, KINDS, sizeOf } from './journal-record.ts';
import { fileName, recover, type RecoveryOptions } from './journal-recovery.ts';
import { createPayloadBuffer, type PayloadBuffer } from './payload-buffer.ts';

/** A file of records, together with the rows in it that are not in the table yet. */
export interface Segment {
  number: number;
  /**
   * Random number in each record of the segment, by which the reader tells these records from other
   * bytes.
   */
  random: number;
  path: string;
  file: FileHandle;
  /** Size of the file in bytes, up to the end of the last whole record. */
  size: number;
  /** The segment's rows have the sequence numbers from `from` up to, but not including, `to`. */
  from: number;
  to: number;
  /** Rows that were appended and are not in the table yet. */
  rows: PayloadBuffer;
  /** Time when the first of the rows in `rows` was appended, epoch ms. */
  sinceMs: number;
  /** Index of the payload to begin with when the payloads are inserted one by one. */
  next: number;
}

/**
 * Owns the files of the journal from their first record to their deletion, and the manifest that
 * lists the files.
 */
export interface Segments {
  /**
   * All segments that recovery must find at the next start, in the order in which they were begun.
   */
  readonly live: ReadonlySet<Segment>;
  /** Number of bytes of rows that are in the journal and not in the table yet. */
  readonly bytes: number;
  /** Inserts the rows of segments that a previous run of the process did not insert. */
  open(): Promise<void>;
  begin(): Promise<Segment>;
  /**
   * Appends a record, which is durable once the promise has resolved. If the promise rejects, the
   * file may end in a torn record.
   */
  write(segment: Segment, rows: readonly Buffer[], now: () => number): Promise<void>;
  /** Cuts off a torn record at the end of the file. Resolves to false if that is impossible. */
  repair(segment: Segment): Promise<boolean>;
  /**
   * Deletes a segment that is no longer needed. If the segment's file cannot be deleted, the next
   * start inserts the rows in it again.
   */
  discard(segment: Segment): Promise<void>;
  /** Reuses the segment's buffer for a later segment. */
  recycle(segment: Segment): void;
  saveManifest(): Promise<void>;
}

const MAX_SPARE = 2;

export function createSegments(options: RecoveryOptions): Segments {
  const { directory, log, target } = options;
  const manifest = createManifestFile(directory);
  const targetHash = hashOf(target);
  let number = 0;
  /** Sequence number of the next record. */
  let sequence = 0;
  const spare: Buffer[] = [];
  const live = new Set<Segment>();
  /**
   * Paths of files that are no longer needed. Before such a file is deleted, the manifest has to be
   * written without the file's segment.
   */
  const unwanted: string[] = [];

  const saveManifest = (): Promise<void> =>
    manifest.save((): Manifest => ({
      number,
      sequence,
      target,
      live: [...live].map(({ number, random, from, to }) => ({ number, random, from, to })),
    }));
  const syncDirectory = async (): Promise<void> => {
    const folder = await open(directory, 'r');
    await folder.sync().finally(() => folder.close());
  };
  const writeRecord = async (
    segment: Segment,
    kind: typeof KINDS.rows | typeof KINDS.target,
    payload: readonly Buffer[],
  ): Promise<void> => {
    const head = encodeHead(
      { kind, sequence, segment: segment.random, target: targetHash },
      payload,
    );
    const size = head.length + sizeOf(payload);
    const { bytesWritten } = await segment.file.writev([head, ...payload]);
    if (bytesWritten !== size) throw new Error('the disk is full');
    await segment.file.datasync();
    segment.size += size;
  };
  const discard = async (segment: Segment): Promise<void> => {
    await segment.file.close().catch(() => undefined);
    live.delete(segment);
    unwanted.push(segment.path);
    const paths = unwanted.splice(0);
    try {
      await saveManifest();
      while (paths.length > 0) await unlink(paths.pop()!);
    } catch (error) {
      // Some files could not be deleted. They are deleted together with the next discarded segment.
      unwanted.push(...paths);
      log.warn(
        { reason: messageOf(error), path: segment.path },
        'a file of the journal could not be deleted',
      );
    }
  };

  return {
    live,
    get bytes() {
      let bytes = 0;
      for (const { rows } of live) bytes += rows.size;
      return bytes;
    },
    async open() {
      ({ number, sequence } = await recover(options, manifest));
      await saveManifest();
      await syncDirectory();
    },
    async begin() {
      const path = join(directory, fileName(++number));
      const segment: Segment = {
        ...{ number, path, size: 0, from: sequence, to: sequence, sinceMs: 0, next: 0 },
        random: randomBytes(4).readUInt32LE(),
        file: await open(path, 'ax'),
        rows: createPayloadBuffer(spare.pop()),
      };
      try {
        await writeRecord(segment, KINDS.target, [encodeTarget(target)]);
        await syncDirectory();
        live.add(segment);
        await saveManifest();
      } catch (error) {
        await discard(segment);
        throw error;
      }
      return segment;
    },
    async write(segment, rows, now) {
      await writeRecord(segment, KINDS.rows, rows);
      segment.to = ++sequence;
      if (segment.rows.size === 0) segment.sinceMs = now();
      segment.rows.add(rows);
    },
    repair: (segment) =>
      segment.file.truncate(segment.size).then(
        () => true,
        () => false,
      ),
    discard,
    recycle(segment) {
      if (spare.length < MAX_SPARE) spare.push(segment.rows.memory);
    },
    saveManifest,
  };
}

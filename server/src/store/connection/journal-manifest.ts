import { constants } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  encodeHead,
  hashOf,
  headAt,
  KINDS,
  payloadOf,
  type JournalTarget,
  type SegmentContents,
} from './journal-record.ts';

/**
 * Lists the segments that must exist. Segments are deleted as they reach the table, in any order:
 * without the manifest, a deleted segment and a lost one look alike. It is written before a new
 * segment takes rows, and before one is deleted. So at whatever moment the process ends, each
 * segment that it lists exists.
 */
export interface Manifest {
  /** Holds the number of the newest segment ever. */
  number: number;
  /** Holds the next record's sequence number; the records before it are durable. */
  sequence: number;
  /** Names the target of all these segments. */
  target: JournalTarget;
  /** Lists segments in the order in which they were begun. */
  live: readonly LiveSegment[];
}

export interface LiveSegment {
  number: number;
  /** Holds the random number that marks its records. */
  random: number;
  /**
   * Its rows have these sequence numbers, without `to`. The newest segment may hold more: it grew
   * after the manifest was written.
   */
  from: number;
  to: number;
}

export interface ManifestFile {
  /**
   * Reads the manifest, undefined where there is none; `isDamaged` is true where the file holds
   * anything else.
   */
  read(): Promise<{ manifest: Manifest | undefined; isDamaged: boolean }>;
  /**
   * Saves a manifest, durable once resolved. `manifest` is called just before the write; writes run
   * one at a time, in the order of the calls.
   */
  save(manifest: () => Manifest): Promise<void>;
}

const NAME = 'journal.state';
/**
 * Two copies are written in turn, so that one is whole while the other is written. They are this
 * far apart, because a whole page may be lost.
 */
const COPY_BYTES = 64 * 1024;

export function createManifestFile(directory: string): ManifestFile {
  const path = join(directory, NAME);
  let version = 0;
  let turn: Promise<unknown> = Promise.resolve();
  const write = async (manifest: Manifest): Promise<void> => {
    const payload = [Buffer.from(JSON.stringify(manifest))];
    const head = {
      kind: KINDS.manifest,
      sequence: ++version,
      segment: 0,
      target: hashOf(manifest.target),
    };
    const copy = Buffer.concat([encodeHead(head, payload), ...payload]);
    if (copy.length > COPY_BYTES)
      throw new Error('too many segments of the journal wait for the table');
    const file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o666);
    try {
      await writeAll(file, copy, 0);
      await file.datasync();
      // The next write syncs this copy: it is read only where the first one is unreadable.
      await writeAll(file, copy, COPY_BYTES);
    } finally {
      await file.close();
    }
  };
  return {
    async read() {
      const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return Buffer.alloc(0);
        throw error;
      });
      const [newest] = [0, COPY_BYTES]
        .flatMap((at) => {
          const found = headAt(bytes, at);
          const payload = found && payloadOf(bytes, found);
          return payload ? [{ version: found.sequence, payload }] : [];
        })
        .sort((a, b) => b.version - a.version);
      if (!newest) return { manifest: undefined, isDamaged: bytes.some((byte) => byte !== 0) };
      version = newest.version;
      return { manifest: JSON.parse(newest.payload.toString()) as Manifest, isDamaged: false };
    },
    async save(manifest) {
      const mine = turn.then(() => write(manifest()));
      turn = mine.catch(() => undefined);
      await mine;
    },
  };
}

async function writeAll(
  file: {
    write(
      bytes: Buffer,
      from: number,
      length: number,
      at: number,
    ): Promise<{ bytesWritten: number }>;
  },
  bytes: Buffer,
  at: number,
): Promise<void> {
  const { bytesWritten } = await file.write(bytes, 0, bytes.length, at);
  if (bytesWritten !== bytes.length) throw new Error('the disk is full');
}

export interface Loss {
  records: number;
  /** False where nothing tells whether there was one more, or where the segment ended. */
  isExact: boolean;
}

/**
 * Counts the acknowledged records that a segment has lost. `live` is its entry in the manifest.
 * `hasManifest` is true where there is a manifest; a segment that it does not list was being begun
 * or deleted. `isNewest` is true where nothing was written after the segment, so that a record
 * which is cut short counts as never acknowledged.
 */
export function lossOf(
  contents: SegmentContents,
  live: LiveSegment | undefined,
  isNewest: boolean,
  hasManifest: boolean,
): Loss {
  const isEmpty = contents.rows.length === 0 && contents.target === undefined;
  const from = live?.from ?? contents.from ?? contents.rows[0]?.sequence ?? 0;
  const rows =
    live && contents.version === 1 ? [] : contents.rows.filter(({ sequence }) => sequence >= from);
  const end = (rows.at(-1)?.sequence ?? from - 1) + 1;
  const to = Math.max(live?.to ?? from, end);
  const records = to - from - rows.length;
  const mayBeOlder = !isNewest && !hasManifest;
  // The bytes behind its last record may be one more record, unless it is known where the segment
  // ended.
  const isCut =
    (live === undefined || isNewest) &&
    (contents.damage.at(-1)?.isLast === true || (contents.torn > 0 && mayBeOlder));
  const isGone = isEmpty && (live ? isNewest : mayBeOlder);
  const isOneMore = (isCut && to === end) || (isGone && records === 0);
  return { records: records + (isOneMore ? 1 : 0), isExact: !isCut && !isGone };
}

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
 * Lists the segments that must exist. Segments are deleted in any order, as soon as their rows are
 * in the table. Without the manifest, a lost segment could not be distinguished from a deleted one.
 * The manifest is saved before a new segment takes rows, and before a segment is deleted. So after
 * a crash at any time, every segment in the manifest must exist.
 */
export interface Manifest {
  /** Number of the newest segment that was ever begun. */
  number: number;
  /** Sequence number of the next record. All records with a smaller number are durable. */
  sequence: number;
  /** Table into which the rows of all these segments are inserted. */
  target: JournalTarget;
  /** The segments that must exist, in the order in which they were begun. */
  live: readonly LiveSegment[];
}

export interface LiveSegment {
  number: number;
  /** Random number that marks the records of this segment. */
  random: number;
  /**
   * The segment's rows have the sequence numbers from `from` up to, but not including, `to`. The
   * newest segment may hold more rows, because it can grow after the manifest was written.
   */
  from: number;
  to: number;
}

export interface ManifestFile {
  /**
   * Reads the manifest. `manifest` is undefined if the file is missing, empty or damaged.
   * `isDamaged` is true if it contains anything other than zeros nevertheless.
   */
  read(): Promise<{ manifest: Manifest | undefined; isDamaged: boolean }>;
  /**
   * Saves a manifest, which is durable once the promise has resolved. Saves run one at a time, in
   * the order of the calls. Each save calls `manifest` just before the write.
   */
  save(manifest: () => Manifest): Promise<void>;
}

const NAME = 'journal.state';
/**
 * Distance between the two copies of the manifest in the file, bytes. The copies are written in
 * turn, so that one is whole while the other is written. They are far apart, because a loss of
 * power may destroy a whole page.
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
      // No sync of the second copy is needed here, because the next save syncs it. The second copy
      // is read only if the first one is damaged.
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
  /** False if `records` may be too small, because it is unknown where the segment ended. */
  isExact: boolean;
}

/**
 * Returns how many acknowledged records a segment has lost. `live` is the segment's entry in the
 * manifest; a segment without one was just being begun or deleted. `hasManifest` is false if there
 * is no manifest at all. `isNewest` is true for the newest segment. An incomplete record at its end
 * was never acknowledged.
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
  // Damaged or incomplete bytes behind the segment's last record may be one more record, unless the
  // manifest tells where the segment ended.
  const isCut =
    (live === undefined || isNewest) &&
    (contents.damage.at(-1)?.isLast === true || (contents.torn > 0 && mayBeOlder));
  const isGone = isEmpty && (live ? isNewest : mayBeOlder);
  const isOneMore = (isCut && to === end) || (isGone && records === 0);
  return { records: records + (isOneMore ? 1 : 0), isExact: !isCut && !isGone };
}

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
 * Which segments there must be. Segments are deleted as they come into the table, which is in no
 * order: without this, one that was deleted and one that was lost look alike. It is written before
 * a new segment takes rows, and before one is deleted; so whatever moment the process ends at, each
 * segment that it names is there.
 */
export interface Manifest {
  /** Of the newest segment ever. */
  number: number;
  /** The next record's; those before it are durable. */
  sequence: number;
  /** Of all these segments. */
  target: JournalTarget;
  /** In the order in which they were begun. */
  live: readonly LiveSegment[];
}

export interface LiveSegment {
  number: number;
  /** By which its records are known. */
  random: number;
  /**
   * Sequence numbers of its rows, without `to`. The newest may hold more: it grew after the
   * manifest was written.
   */
  from: number;
  to: number;
}

export interface ManifestFile {
  /** Undefined where there is none; `isDamaged`: there is something that is none. */
  read(): Promise<{ manifest: Manifest | undefined; isDamaged: boolean }>;
  /**
   * Durable once resolved. What is written is asked for when it is written: one at a time, in the
   * order of the calls.
   */
  save(manifest: () => Manifest): Promise<void>;
}

const NAME = 'journal.state';
/**
 * Two copies, so that one is whole while the other is written. They are far apart: a page may be
 * lost.
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
      // Synced with the next one: it is read only where the first cannot be.
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
  /** False: nothing tells whether there was one more, or where it ended. */
  isExact: boolean;
}

/**
 * How many acknowledged records a segment has lost. `live`: what the manifest says of it.
 * `hasManifest`: there is a manifest; a segment that it does not name was being begun or deleted.
 * `isNewest`: nothing was written after it, so that a record which is cut short was never
 * acknowledged, as far as anybody can tell.
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
  // What follows its last record may be one more, unless it is known where it ended.
  const isCut =
    (live === undefined || isNewest) &&
    (contents.damage.at(-1)?.isLast === true || (contents.torn > 0 && mayBeOlder));
  const isGone = isEmpty && (live ? isNewest : mayBeOlder);
  const isOneMore = (isCut && to === end) || (isGone && records === 0);
  return { records: records + (isOneMore ? 1 : 0), isExact: !isCut && !isGone };
}

import { crc32 } from 'node:zlib';
import type { InsertFormat } from './port.ts';

/**
 * Defines the format of a segment of the journal. A segment consists of records. Each record has a
 * head with a checksum of its own. The reader skips a damaged record and continues at the next
 * head, so that one record is lost and not all records after it.
 *
 * A head is 36 bytes, little-endian: 8 bytes of magic, 6 of sequence number and 2 of kind; then 4
 * bytes each of the payload's length, the payload's CRC-32, the segment's random number, the
 * target's CRC-32, and the CRC-32 of all these bytes of the head. Sequence numbers ascend over all
 * segments. The random number tells a record from bytes that look like a record but stand in a
 * payload or an older file.
 *
 * A head of format version 1 had neither magic nor sequence number, only 4 bytes of length and 4 of
 * CRC-32 before the payload. A server that knows only version 1 takes the magic for a length, finds
 * a wrong checksum, and so keeps a file that it cannot read instead of deleting it.
 */
export interface JournalTarget {
  table: string;
  columns: readonly string[];
  format: InsertFormat;
}

/**
 * Numbers of the kinds of records. The first record of a segment is of kind `target`: it holds the
 * target, and its sequence number is that of the segment's first rows.
 */
export const KINDS = { target: 1, rows: 2, manifest: 3 } as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

export interface RecordHead {
  kind: Kind;
  sequence: number;
  /** Random number of the segment that the record belongs to. */
  segment: number;
  /** Hash of the segment's target, as `hashOf` computes it. */
  target: number;
}

const MAGIC = Buffer.from([0x10, 0, 0, 0, 0x9e, 0x46, 0xcc, 0x32]);
const HEAD_BYTES = 36;
const HEAD_BYTES_V1 = 8;

export const sizeOf = (list: readonly Buffer[]): number =>
  list.reduce((sum, one) => sum + one.length, 0);
const checksumOf = (list: readonly Buffer[]): number =>
  list.reduce((sum, part) => crc32(part, sum), 0);

export const encodeTarget = ({ table, columns, format }: JournalTarget): Buffer =>
  Buffer.from(JSON.stringify({ table, columns, format }));
export const hashOf = (target: JournalTarget): number => crc32(encodeTarget(target));

/**
 * Returns the head of a record. Every part of the payload must contain bytes, because Node's
 * `crc32` may return 0 for an empty buffer, which would discard the checksum of the parts before.
 */
export function encodeHead(head: RecordHead, payload: readonly Buffer[]): Buffer {
  const bytes = Buffer.allocUnsafe(HEAD_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUIntLE(head.sequence, 8, 6);
  bytes.writeUInt16LE(head.kind, 14);
  bytes.writeUInt32LE(sizeOf(payload), 16);
  bytes.writeUInt32LE(checksumOf(payload), 20);
  bytes.writeUInt32LE(head.segment, 24);
  bytes.writeUInt32LE(head.target, 28);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 32)), 32);
  return bytes;
}

export interface Found extends RecordHead {
  from: number;
  /**
   * Offset where the record's payload ends. It is beyond the end of the file if the record was cut
   * short.
   */
  to: number;
  checksum: number;
}

/**
 * Returns the record at this offset if its head has a valid checksum; undefined otherwise. The
 * checksum of the payload is not checked, because that would take too long if a file holds many
 * bytes that look like a head.
 */
export function headAt(file: Buffer, at: number): Found | undefined {
  if (
    at + HEAD_BYTES > file.length ||
    file.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0
  )
    return undefined;
  if (crc32(file.subarray(at, at + 32)) !== file.readUInt32LE(at + 32)) return undefined;
  return {
    sequence: file.readUIntLE(at + 8, 6),
    kind: file.readUInt16LE(at + 14) as Kind,
    segment: file.readUInt32LE(at + 24),
    target: file.readUInt32LE(at + 28),
    from: at + HEAD_BYTES,
    to: at + HEAD_BYTES + file.readUInt32LE(at + 16),
    checksum: file.readUInt32LE(at + 20),
  };
}

/**
 * Returns the payload of a record; undefined if the payload is cut short or its checksum is wrong.
 */
export function payloadOf(
  file: Buffer,
  { from, to, checksum }: Pick<Found, 'from' | 'to' | 'checksum'>,
): Buffer | undefined {
  const payload = file.subarray(from, to);
  return to <= file.length && to > from && crc32(payload) === checksum ? payload : undefined;
}

/** A range of bytes in a segment's file that a disk error or a loss of power changed. */
export interface Damage {
  at: number;
  bytes: number;
  /**
   * True if the range reaches to the end of the file. It is then unknown whether the damaged record
   * was complete, and thus acknowledged, before the damage.
   */
  isLast: boolean;
}

export interface SegmentContents {
  version: 1 | 2;
  /** Target of the segment; undefined if the record that holds the target is damaged. */
  target: JournalTarget | undefined;
  /**
   * Hash of the target, from any readable head. If the record that holds the target is damaged,
   * recovery looks for a target with this hash in other segments.
   */
  targetHash: number | undefined;
  /** Sequence number of the segment's first rows; undefined if no readable record contains it. */
  from: number | undefined;
  /**
   * Rows of the segment in order. Records of format version 1 have no numbers, so the reader
   * numbers them.
   */
  rows: { sequence: number; payload: Buffer }[];
  damage: Damage[];
  /**
   * Number of bytes of an incomplete record at the end of the file. A crash during an append leaves
   * such a record.
   */
  torn: number;
  /**
   * Number of zero bytes at the end of the file. After a loss of power, bytes that were about to be
   * written may be zeros.
   */
  zeros: number;
}

/**
 * Reads a segment's file. Whatever the file contains, the function never throws, and its running
 * time is linear in the size of the file.
 *
 * `segment` is the segment's random number, if the caller knows it. Otherwise the number is taken
 * from the first readable head. If the file is damaged, this head may be part of a payload.
 */
export function readSegment(file: Buffer, segment?: number): SegmentContents {
  // Choose the format by checksums and not by the first bytes, because the first bytes may be
  // damaged.
  return readV1(file) ?? readV2(file, segment);
}

function readV2(file: Buffer, segment: number | undefined): SegmentContents {
  const contents: SegmentContents = { version: 2, ...NOTHING, rows: [], damage: [] };
  const end = endOf(file);
  let least = 0;
  /**
   * Returns the record at this offset if it belongs to this segment and is later than the records
   * read so far; undefined otherwise.
   */
  const ownAt = (at: number): Found | undefined => {
    const found = headAt(file, at);
    return found && (segment ?? found.segment) === found.segment && found.sequence >= least
      ? found
      : undefined;
  };
  const nextFrom = (from: number): number | undefined => {
    for (let at = file.indexOf(MAGIC, from); at >= 0; at = file.indexOf(MAGIC, at + 1))
      if (ownAt(at)) return at;
    return undefined;
  };
  let at = 0;
  while (at < end) {
    const found = ownAt(at);
    if (found) {
      segment = found.segment;
      contents.targetHash = found.target;
      if (found.kind === KINDS.target) contents.from = found.sequence;
      least = found.kind === KINDS.target ? found.sequence : found.sequence + 1;
    }
    const payload = found && payloadOf(file, found);
    if (found && payload) {
      if (found.kind === KINDS.target) contents.target = parseTarget(payload);
      else contents.rows.push({ sequence: found.sequence, payload });
      at = found.to;
      continue;
    }
    // Continue at the end of the damaged record, as its head gives it. Bytes in the payload that
    // look like a record must not be read as one. If the head is damaged as well, continue at the
    // next readable record.
    const next =
      found && (found.to === file.length || ownAt(found.to)) ? found.to : nextFrom(at + 1);
    if (next === undefined && (found ? found.to > file.length : isCutHead(file.subarray(at)))) {
      contents.torn = file.length - at;
      return contents;
    }
    const to = next ?? file.length;
    contents.damage.push({ at, bytes: to - at, isLast: to === file.length });
    at = to;
  }
  contents.zeros = file.length - Math.min(at, file.length);
  return contents;
}

/**
 * Reads a file of format version 1. Returns undefined if neither the first record nor the record
 * after it has a valid checksum. In this format a damaged length cannot be detected, so all records
 * after a damaged length are lost.
 */
function readV1(file: Buffer): SegmentContents | undefined {
  const contents: SegmentContents = { version: 1, ...NOTHING, from: 1, rows: [], damage: [] };
  if (isCutTargetV1(file)) return { ...contents, from: undefined, torn: file.length };
  const isWholeAt = (at: number): boolean => {
    const found = headAtV1(file, at);
    return found !== undefined && payloadOf(file, found) !== undefined;
  };
  const end = endOf(file);
  let at = 0;
  for (let sequence = 0; at < end; sequence++) {
    const found = headAtV1(file, at);
    const payload = found && payloadOf(file, found);
    const target = sequence === 0 && payload ? parseTarget(payload) : undefined;
    const isFollowed = found && !payload && isWholeAt(found.to);
    if (sequence === 0 && !target && !isFollowed) return undefined;
    if (found && payload) {
      if (target) contents.target = target;
      else contents.rows.push({ sequence, payload });
      at = found.to;
      continue;
    }
    if (!isFollowed && found?.to !== file.length) {
      const isCut = at + HEAD_BYTES_V1 > file.length || (found?.to ?? 0) > file.length;
      if (isCut) contents.torn = file.length - at;
      else contents.damage.push({ at, bytes: file.length - at, isLast: true });
      return contents;
    }
    contents.damage.push({ at, bytes: found.to - at, isLast: found.to === file.length });
    at = found.to;
  }
  contents.zeros = file.length - Math.min(at, file.length);
  return at === 0 ? undefined : contents;
}

function headAtV1(file: Buffer, at: number): Pick<Found, 'from' | 'to' | 'checksum'> | undefined {
  const from = at + HEAD_BYTES_V1;
  if (from > file.length || file.readUInt32LE(at) === 0) return undefined;
  return { from, to: from + file.readUInt32LE(at), checksum: file.readUInt32LE(at + 4) };
}

/**
 * Returns whether the first record is incomplete. In this case no record of the file was
 * acknowledged.
 */
function isCutTargetV1(file: Buffer): boolean {
  if (file.length < HEAD_BYTES_V1) return endOf(file) > 0;
  const text = file.subarray(HEAD_BYTES_V1);
  return (
    (headAtV1(file, 0)?.to ?? 0) > file.length &&
    text.subarray(0, 9).equals(Buffer.from('{"table":').subarray(0, text.length)) &&
    !text.includes('}')
  );
}

const NOTHING = { target: undefined, targetHash: undefined, from: undefined, torn: 0, zeros: 0 };

/** Returns the offset after the last byte that is not zero. */
function endOf(file: Buffer): number {
  let end = file.length;
  while (end > 0 && file[end - 1] === 0) end--;
  return end;
}

const isCutHead = (rest: Buffer): boolean =>
  rest.length < HEAD_BYTES &&
  rest.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, Math.min(MAGIC.length, rest.length)));
/**
 * Returns the target that a payload holds; undefined for any other content. A foreign file may
 * begin like a journal file, so the content is validated.
 */
function parseTarget(payload: Buffer): JournalTarget | undefined {
  try {
    const target = JSON.parse(payload.toString()) as Partial<JournalTarget> | null;
    return typeof target?.table === 'string' && Array.isArray(target.columns) && target.format
      ? (target as JournalTarget)
      : undefined;
  } catch {
    return undefined;
  }
}

import { crc32 } from 'node:zlib';
import type { InsertFormat } from './port.ts';

/**
 * How a segment of the journal is written and read: records, each with a head that checks out by
 * itself. Whoever reads a damaged one goes on at the next head, so that one record is lost and not
 * all that follow it.
 *
 * A head is 36 bytes, little-endian: 8 of magic, 6 of sequence number, 2 of kind, 4 each of length
 * and CRC-32 of the payload, of the segment's own random number, of the target's CRC-32, and of the
 * CRC-32 of all before it. Sequence numbers ascend over all segments. The random number tells a
 * record from bytes in a payload, or of an older file, that look like one.
 *
 * The version before wrote neither magic nor sequence number: 4 bytes of length, 4 of CRC-32,
 * payload. It takes the magic for a length and a checksum that is wrong, and so keeps a file that
 * it cannot read instead of deleting it.
 */
export interface JournalTarget {
  table: string;
  columns: readonly string[];
  format: InsertFormat;
}

/** The first record of a segment tells the target, and the sequence number of the first rows. */
export const KINDS = { target: 1, rows: 2, manifest: 3 } as const;
type Kind = (typeof KINDS)[keyof typeof KINDS];

export interface RecordHead {
  kind: Kind;
  sequence: number;
  /** Of the segment, random. */
  segment: number;
  /** `hashOf` the target. */
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

/** What stands before this payload, which is not empty: zlib has no checksum of nothing. */
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
  /** Where its payload ends; beyond the file where it was cut short. */
  to: number;
  checksum: number;
}

/**
 * The record whose head checks out at this place. What follows the head is not looked at: there may
 * be many candidates.
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

/** Undefined where it is not what was written. */
export function payloadOf(
  file: Buffer,
  { from, to, checksum }: Pick<Found, 'from' | 'to' | 'checksum'>,
): Buffer | undefined {
  const payload = file.subarray(from, to);
  return to <= file.length && to > from && crc32(payload) === checksum ? payload : undefined;
}

/** Bytes that are not what was written. */
export interface Damage {
  at: number;
  bytes: number;
  /** No record follows: whether it was ever all there cannot be told from the file. */
  isLast: boolean;
}

export interface SegmentContents {
  version: 1 | 2;
  /** Undefined where the record that tells it is damaged … */
  target: JournalTarget | undefined;
  /** … and by this it is known among others. */
  targetHash: number | undefined;
  /** The sequence number of the first rows; undefined where nothing tells it. */
  from: number | undefined;
  /** In order. An earlier version had no sequence numbers. */
  rows: { sequence: number; payload: Buffer }[];
  damage: Damage[];
  /** At the end: bytes of a record that is cut short, as a crash leaves it. */
  torn: number;
  /** At the end: zeros, as a loss of power leaves them where something was about to be written. */
  zeros: number;
}

/**
 * Never fails, and is linear in the file, whatever stands there. `segment`: its random number,
 * where that is known; else the first record tells it, which may be one that stands in the payload
 * of a damaged one.
 */
export function readSegment(file: Buffer, segment?: number): SegmentContents {
  // By what checks out, not by how it begins: that may be what is damaged.
  return readV1(file) ?? readV2(file, segment);
}

function readV2(file: Buffer, segment: number | undefined): SegmentContents {
  const contents: SegmentContents = { version: 2, ...NOTHING, rows: [], damage: [] };
  const end = endOf(file);
  let least = 0;
  /** One that belongs here: of this segment, and later than what was read. */
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
    // Where its head says that it ends, for what is in its payload is no record; else wherever
    // there is one.
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
 * Undefined where nothing speaks for this format: neither the first record checks out, nor the one
 * after it. A length that is damaged cannot be told from one that is right: there, whatever follows
 * is lost.
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

/** Nothing was acknowledged yet: not even where the rows belong is all there. */
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

/** After the last byte that is not zero. */
function endOf(file: Buffer): number {
  let end = file.length;
  while (end > 0 && file[end - 1] === 0) end--;
  return end;
}

const isCutHead = (rest: Buffer): boolean =>
  rest.length < HEAD_BYTES &&
  rest.subarray(0, MAGIC.length).equals(MAGIC.subarray(0, Math.min(MAGIC.length, rest.length)));
/** Undefined for what is no target: a file of somebody else may begin like ours. */
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

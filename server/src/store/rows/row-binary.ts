import type { Lease, Memory } from '../../base/memory.ts';

/**
 * Writes rows in ClickHouse's format RowBinary, value by value. Rows in this format cost the engine
 * a fourth of what they cost as text, and need no escaping.
 * https://clickhouse.com/docs/interfaces/formats/RowBinary
 *
 * Strings and arrays begin with their length as LEB128. Integers are little-endian. A Nullable
 * begins with 1 if it is null, and with 0 otherwise.
 */
export interface RowBinary {
  string(value: string): void;
  /**
   * Writes the parts that `give` passes to `put` as one string, without concatenating them first.
   */
  joined(give: (put: (part: string) => void) => void): void;
  uint8(value: number): void;
  uint32(value: number): void;
  /**
   * Writes the value, limited to the range of the column type, because a value out of range would
   * make the insert of all rows fail.
   */
  uint64(value: number | bigint): void;
  float64(value: number): void;
  nullableUint64(value: bigint | null): void;
  /** Writes the length of an Array. The caller must then write this number of values. */
  length(count: number): void;
  /** Returns a copy of all bytes written so far, and empties the writer. */
  take(memory: Memory): Lease;
}

const FIRST_BYTES = 256 * 1024;
/**
 * Maximum size of the buffer that the writer keeps after a `take`. A larger buffer is released,
 * because few rows need it.
 */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
/**
 * Maximum length of a text that is written character by character. For short texts this loop is
 * faster than a call into the runtime.
 */
const SHORT = 40;
/**
 * Number of bytes reserved for a length that becomes known only after the text was written. The
 * length is padded with LEB128 continuation bytes. Four bytes can hold a length of up to 268
 * million.
 */
const LATE_LENGTH_BYTES = 4;
const MAX_LENGTH_BYTES = 10;

const MAX_UINT64 = 2n ** 64n - 1n;
const cut = (value: bigint): bigint => (value < 0n ? 0n : value > MAX_UINT64 ? MAX_UINT64 : value);

export function createRowBinary(): RowBinary {
  let bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
  // Numbers go through a view, because Node writes a bigint by computing with bigints, and a view
  // writes its bytes.
  let view = viewOf(bytes);
  let at = 0;

  const room = (count: number): void => {
    if (at + count <= bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * bytes.length, at + count));
    bytes.copy(larger, 0, 0, at);
    bytes = larger;
    view = viewOf(bytes);
  };
  const varint = (value: number): void => {
    while (value > 127) {
      bytes[at++] = (value & 127) | 128;
      value = Math.floor(value / 128);
    }
    bytes[at++] = value;
  };
  /**
   * Writes a short ASCII text without its length. Returns false for any other text. The writer's
   * position is then unchanged, so that the next write overwrites these bytes.
   */
  const writeShort = (value: string, from: number): boolean => {
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code > 127) return false;
      bytes[from + i] = code;
    }
    return true;
  };
  /** Writes a text without its length. */
  const writeText = (value: string): void => {
    room(value.length * 3);
    if (value.length <= SHORT && writeShort(value, at)) at += value.length;
    else at += bytes.write(value, at, 'utf8');
  };

  return {
    string(value) {
      if (value.length <= SHORT) {
        room(SHORT + 1);
        if (writeShort(value, at + 1)) {
          bytes[at] = value.length;
          at += value.length + 1;
          return;
        }
      }
      const size = Buffer.byteLength(value);
      room(size + MAX_LENGTH_BYTES);
      varint(size);
      at += bytes.write(value, at, size === value.length ? 'latin1' : 'utf8');
    },
    joined(give) {
      room(LATE_LENGTH_BYTES);
      const start = at;
      at += LATE_LENGTH_BYTES;
      give(writeText);
      const size = at - start - LATE_LENGTH_BYTES;
      bytes[start] = (size & 127) | 128;
      bytes[start + 1] = ((size >>> 7) & 127) | 128;
      bytes[start + 2] = ((size >>> 14) & 127) | 128;
      bytes[start + 3] = size >>> 21;
    },
    uint8(value) {
      room(1);
      bytes[at++] = value;
    },
    uint32(value) {
      room(4);
      view.setUint32(at, value, true);
      at += 4;
    },
    uint64(value) {
      room(8);
      if (typeof value === 'bigint') view.setBigUint64(at, cut(value), true);
      else {
        const whole = value > 0 ? Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER) : 0;
        view.setUint32(at, whole % 0x1_0000_0000, true);
        view.setUint32(at + 4, Math.floor(whole / 0x1_0000_0000), true);
      }
      at += 8;
    },
    float64(value) {
      room(8);
      view.setFloat64(at, value, true);
      at += 8;
    },
    nullableUint64(value) {
      room(9);
      bytes[at++] = value === null ? 1 : 0;
      if (value === null) return;
      view.setBigUint64(at, cut(value), true);
      at += 8;
    },
    length(count) {
      room(MAX_LENGTH_BYTES);
      varint(count);
    },
    take(memory) {
      const taken = memory.lease(at);
      bytes.copy(taken.bytes, 0, 0, at);
      at = 0;
      if (bytes.length > MAX_KEPT_BYTES) {
        bytes = Buffer.allocUnsafeSlow(FIRST_BYTES);
        view = viewOf(bytes);
      }
      return taken;
    },
  };
}

const viewOf = ({ buffer, byteOffset, byteLength }: Buffer): DataView =>
  new DataView(buffer, byteOffset, byteLength);

import { FermataError } from '../base/errors.ts';
import { unixNanos, type UnixNanos } from '../model/time.ts';

const malformed = (what: string): FermataError =>
  new FermataError('otlp.malformed', `not an OTLP protobuf message: ${what}`);

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;
export const FIXED32 = 5;

/**
 * Reads the protobuf wire format: tags, varints, fixed-size numbers and lengths. Throws
 * `otlp.malformed` for invalid bytes, and never reads beyond the given end.
 */
export class WireReader {
  at = 0;
  protected readonly body: Buffer;
  protected readonly view: DataView;

  constructor(body: Buffer) {
    this.body = body;
    this.view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /**
   * Calls `take` for each length-delimited field. If `take` returns false, the field is skipped.
   */
  message(end: number, take: (field: number, end: number) => boolean): void {
    while (this.at < end) {
      const tag = this.tag(end);
      if ((tag & 7) !== BYTES) {
        this.skip(tag & 7, end);
        continue;
      }
      const fieldEnd = this.length(end);
      if (!take(tag >>> 3, fieldEnd)) this.at = fieldEnd;
      else if (this.at !== fieldEnd) throw malformed('a field ends where it should not');
    }
  }

  tag(end: number): number {
    const tag = this.uint32(end);
    if (tag >>> 3 === 0) throw malformed('field number 0');
    return tag;
  }

  protected uint32(end: number): number {
    const body = this.body;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw malformed('truncated varint');
      const byte = body[this.at++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('varint of more than 10 bytes');
  }

  protected int64(end: number): number | bigint {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= end) throw malformed('truncated varint');
      const byte = this.body[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= (bits & 0xf) << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        const value = high * 4294967296 + (low >>> 0);
        return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0);
      }
    }
    throw malformed('varint of more than 10 bytes');
  }

  length(end: number): number {
    const size = this.uint32(end);
    const to = this.at + size;
    if (to > end) throw malformed('a field runs past the end');
    return to;
  }

  protected need(count: number, end: number): number {
    const from = this.at;
    if (from + count > end) throw malformed('truncated number');
    this.at = from + count;
    return from;
  }

  protected time(end: number): UnixNanos {
    return unixNanos(this.view.getBigUint64(this.need(8, end), true));
  }

  skip(wire: number, end: number): void {
    if (wire === VARINT) this.int64(end);
    else if (wire === FIXED64) this.need(8, end);
    else if (wire === BYTES) this.at = this.length(end);
    else if (wire === FIXED32) this.need(4, end);
    else throw malformed(`wire type ${wire}`);
  }

  protected expect(tag: number, wire: number): void {
    if ((tag & 7) !== wire)
      throw malformed(`field ${tag >>> 3} has wire type ${tag & 7}, not ${wire}`);
  }

  protected hex(end: number): string {
    const to = this.length(end);
    const from = this.at;
    this.at = to;
    return to === from ? '' : this.body.toString('hex', from, Math.min(to, from + 64));
  }
}

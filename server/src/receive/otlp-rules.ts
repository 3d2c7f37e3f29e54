import { FermataError } from '../base/errors.ts';
import { LIMITS, type OtlpExport, type OtlpSpan } from '../model/otlp.ts';

/**
 * Holds the checks that both decoders share, so that one request is judged alike in either
 * encoding.
 */

const ZERO = /^0*$/;

/**
 * Returns what is wrong with a span's ids, or ''. All-zero and wrong-length ids are invalid
 * (trace.proto).
 */
export function wrongId(traceId: string, spanId: string, parentSpanId: string): string {
  if (traceId.length !== 32) return `trace id of ${traceId.length / 2} bytes, 16 needed`;
  if (spanId.length !== 16) return `span id of ${spanId.length / 2} bytes, 8 needed`;
  if (parentSpanId.length !== 0 && parentSpanId.length !== 16)
    return `parent span id of ${parentSpanId.length / 2} bytes, 8 or none needed`;
  if (traceId.charCodeAt(0) === 48 && ZERO.test(traceId)) return 'trace id is all zero';
  if (spanId.charCodeAt(0) === 48 && ZERO.test(spanId)) return 'span id is all zero';
  return '';
}

export const tooManyParts = (most: number): FermataError =>
  new FermataError('otlp.too-large', `more than ${most} values in one request`, {
    hint: 'Send smaller batches.',
  });

/** Refuses a record that the request has no room for. */
export function hasRoom(out: OtlpExport): boolean {
  if (out.spans.length + out.logs.length < LIMITS.records) return true;
  refuse(out, `a request holds ${LIMITS.records} records at most; send smaller batches`);
  return false;
}

/**
 * Stores the number of links that the sender or our limits left out: without them, the messages
 * that a batch served are not all known. Most spans have none.
 */
export function noteDropped(span: OtlpSpan, links: number): void {
  if (links > 0) span.droppedLinks = links;
}

/** Counts one refused record; the sender is told the first reason. */
export function refuse(out: OtlpExport, reason: string): void {
  if (out.rejected === 0)
    out.rejectedReason = `record ${out.spans.length + out.logs.length}: ${reason}`;
  out.rejected++;
}

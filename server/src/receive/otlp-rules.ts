import { FermataError } from '../base/errors.ts';
import { LIMITS, type OtlpExport, type OtlpScope, type OtlpSpan } from '../model/otlp.ts';

/**
 * This file contains the validation that both decoders share, so that protobuf and JSON requests
 * are treated alike.
 */

const ZERO = /^0*$/;

/**
 * Returns what is wrong with the ids of a span; '' if they are valid. An id with a wrong length or
 * with only zeros is invalid (trace.proto).
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

/**
 * Returns whether the request may contain one more record. If not, counts that record as refused.
 */
export function hasRoom(out: OtlpExport): boolean {
  if (out.spans.length + out.logs.length < LIMITS.records) return true;
  refuse(out, `a request holds ${LIMITS.records} records at most; send smaller batches`);
  return false;
}

/** Numbers of items of a span that the sender or Fermata's limits dropped. */
export interface LeftOut {
  attributes: number;
  events: number;
  links: number;
  /** Number of items and texts that Fermata's limits dropped or cut. */
  cut: number;
}

/**
 * Stores on the span how many items were dropped. With dropped links, it is unknown which messages
 * of a batch the span processed. The other counts are displayed. A count of 0 is omitted.
 */
export function noteLeftOut(span: OtlpSpan, { attributes, events, links, cut }: LeftOut): void {
  if (links > 0) span.droppedLinks = links;
  if (attributes > 0) span.droppedAttributes = attributes;
  if (events > 0) span.droppedEvents = events;
  if (cut > 0) span.cut = cut;
}

/** Returns the scope as a property; an empty object if the scope has only a name. */
export const scopeWith = (scope: OtlpScope): { scope?: OtlpScope } =>
  scope.version === '' &&
  scope.schemaUrl === '' &&
  scope.dropped === 0 &&
  scope.attributes.length === 0
    ? {}
    : { scope };

/** Counts a refused record. The sender gets the reason for the first refused record only. */
export function refuse(out: OtlpExport, reason: string): void {
  if (out.rejected === 0)
    out.rejectedReason = `record ${out.spans.length + out.logs.length}: ${reason}`;
  out.rejected++;
}

/** Returns the items up to the limit, and counts the omitted items. */
export function capped<T>(items: T[], limit: number, out: OtlpExport): T[] {
  if (items.length <= limit) return items;
  out.truncated += items.length - limit;
  return items.slice(0, limit);
}

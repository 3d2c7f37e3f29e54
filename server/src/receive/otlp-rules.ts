import { FermataError } from '../base/errors.ts';
import { LIMITS, type OtlpExport, type OtlpScope, type OtlpSpan } from '../model/otlp.ts';

/**
 * This file holds the checks that both decoders use, so that a request is judged alike in protobuf
 * and in JSON.
 */

const ZERO = /^0*$/;

/**
 * Returns what is wrong with the ids of a span, or '' if they are valid. An id of another length,
 * or with all digits zero, is invalid (trace.proto).
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
 * Returns whether the request may have another record. If not, counts the next record as refused.
 */
export function hasRoom(out: OtlpExport): boolean {
  if (out.spans.length + out.logs.length < LIMITS.records) return true;
  refuse(out, `a request holds ${LIMITS.records} records at most; send smaller batches`);
  return false;
}

/** Counts what the sender or our own limits left out of a span. */
export interface LeftOut {
  attributes: number;
  events: number;
  links: number;
  /** All that our own limits cut, texts included. */
  cut: number;
}

/**
 * Stores what was left out of the span. Without the links it is not known which messages of a batch
 * the span processed; the other counts tell people that they do not see all. A field stays absent
 * if nothing was left out.
 */
export function noteLeftOut(span: OtlpSpan, { attributes, events, links, cut }: LeftOut): void {
  if (links > 0) span.droppedLinks = links;
  if (attributes > 0) span.droppedAttributes = attributes;
  if (events > 0) span.droppedEvents = events;
  if (cut > 0) span.cut = cut;
}

/** Returns the rest of a scope, or nothing if the scope has only a name. */
export const scopeWith = (scope: OtlpScope): { scope?: OtlpScope } =>
  scope.version === '' &&
  scope.schemaUrl === '' &&
  scope.dropped === 0 &&
  scope.attributes.length === 0
    ? {}
    : { scope };

/** Counts one refused record. The sender is told only the reason for the first one. */
export function refuse(out: OtlpExport, reason: string): void {
  if (out.rejected === 0)
    out.rejectedReason = `record ${out.spans.length + out.logs.length}: ${reason}`;
  out.rejected++;
}

/** Returns the items up to the limit, and counts those that are left out. */
export function capped<T>(items: T[], limit: number, out: OtlpExport): T[] {
  if (items.length <= limit) return items;
  out.truncated += items.length - limit;
  return items.slice(0, limit);
}

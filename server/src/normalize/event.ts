import { createHash } from 'node:crypto';
import type { OtlpLog } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import type { Span, SpanError } from '../model/span.ts';
import { nameIn, nameOf, textOf, type AttributeReader, type ReadAttributes } from './attributes.ts';
import { flowOf, messageOf, routeOf, systemOf } from './fields.ts';
import { ID16, ID32 } from './ids.ts';
import { FIELD_INDEX as F, MILESTONE_OUTCOMES, MILESTONES } from './names.ts';
import { rawOf, recordOf, spanOf } from './record.ts';
import type { ResourceReader } from './resource.ts';

/**
 * Ids that the record got when it was first stored. They are passed when a stored record is
 * replayed, so that it keeps them.
 */
export interface StoredIds {
  traceId: string;
  spanId: string;
}

/**
 * Returns a function that converts a milestone log event to a record. The function returns null if
 * the log record is not a milestone, or belongs to neither a trace nor a flow.
 */
export const createEventNormalizer =
  (reader: AttributeReader, resourceOf: ResourceReader) =>
  (log: OtlpLog, receivedAtMs: number, stored?: StoredIds): EvidenceRecord | null => {
    const milestone = MILESTONES.get(log.eventName);
    if (milestone === undefined) return null;
    const resource = resourceOf(log.resource);
    const read = reader.read(log.attributes);
    const flow = flowOf(read);
    const inTrace = ID32.test(log.traceId);
    if (flow === null && !inTrace) return null;
    if (flow !== null && flow.outcome === '') flow.outcome = MILESTONE_OUTCOMES[milestone] ?? '';
    const at = log.time === 0n ? log.observed : log.time;
    const times = { start: at, end: at };
    const hash = contentHash(log, at, read, resource.json);
    const traceId = stored?.traceId ?? (inTrace ? log.traceId : hash.slice(0, 32));
    const spanId = stored?.spanId ?? hash.slice(-16);

    const span = spanOf(traceId, spanId, resource, read, flow, times, receivedAtMs);
    if (inTrace && ID16.test(log.spanId)) span.parent = log.traceId + log.spanId;
    span.parentRemote = false;
    span.role = 'event';
    span.milestone = milestone;
    span.name = log.eventName;
    span.failed = milestone.endsWith('failed');
    if (span.failed) span.error = errorIn(read);
    if (milestone === 'step-started') {
      announceDelivery(span, read);
      announceRequest(span, read);
    }

    const raw = rawOf(log.eventName, log.scopeName, resource, read, times);
    raw.eventName = log.eventName;
    raw.statusMessage = textOf(log.body);
    return recordOf(span, raw, resource.namesCut + read.namesCut);
  };

/**
 * Turns an event that announces the start of a handler into a delivery. The handler's span is
 * exported only after the handler has ended. If the handler hangs or its process dies, this event
 * is the only evidence that the message was consumed.
 */
function announceDelivery(span: Span, read: ReadAttributes): void {
  const { values } = read;
  if (nameOf(values[F.operation]) !== 'process') return;
  span.role = 'process';
  span.message = messageOf(values, systemOf(read), 'process');
  span.name = nameIn(`process ${span.message.destination}`);
  const [traceId = '', spanId = ''] = nameOf(values[F.creation]).split('-');
  if (ID32.test(traceId) && ID16.test(spanId)) span.links = [traceId + spanId];
}

/**
 * Turns an event that announces an HTTP request being handled into a request span. An event with a
 * step name is a step that the application started, and is left unchanged.
 */
function announceRequest(span: Span, { values }: ReadAttributes): void {
  if (span.role !== 'event' || values[F.httpMethod] === undefined || span.step?.name) return;
  span.role = 'server';
  span.route = routeOf(values, false);
  span.name = nameIn(span.route);
}

const errorIn = ({ values }: ReadAttributes): SpanError => ({
  type: nameOf(values[F.errorType]) || 'error',
  message: textOf(values[F.errorMessage]),
});

/**
 * Returns a hash of a log record's content. It serves as the record's id, because log records have
 * none. A record that is exported again gets the same id and is recognized as a duplicate.
 */
const contentHash = (log: OtlpLog, at: bigint, read: ReadAttributes, resource: string): string =>
  createHash('sha1')
    .update(
      `${log.traceId}\0${log.spanId}\0${log.eventName}\0${at}\0${read.json.join('')}\0${resource}`,
    )
    .digest('hex');

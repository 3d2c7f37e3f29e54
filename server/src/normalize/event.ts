import { createHash } from 'node:crypto';
import type { OtlpLog } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import type { Span, SpanError } from '../model/span.ts';
import { nameIn, nameOf, textOf, type AttributeReader, type ReadAttributes } from './attributes.ts';
import { flowOf, messageOf, routeOf } from './fields.ts';
import { ID16, ID32 } from './ids.ts';
import { FIELD_INDEX as F, MILESTONE_OUTCOMES, MILESTONES } from './names.ts';
import { rawOf, recordOf, spanOf } from './record.ts';
import type { ResourceReader } from './resource.ts';

/**
 * Holds the ids that the record got when it was first stored. They are given when a stored record
 * is replayed.
 */
export interface StoredIds {
  traceId: string;
  spanId: string;
}

/**
 * Returns a function that turns a milestone log event into evidence. It returns null if the log
 * record is no milestone, or if it belongs to neither a trace nor a flow.
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
 * Makes the event a delivery if it announces that the handling of a message began. The span of the
 * delivery, its parent, follows when the handling ends; if the handler hangs or its process dies,
 * the event is all that is known, and without it nobody would seem to have taken the message.
 */
function announceDelivery(span: Span, { values }: ReadAttributes): void {
  if (nameOf(values[F.operation]) !== 'process') return;
  span.role = 'process';
  span.message = messageOf(values, nameOf(values[F.system]), 'process');
  span.name = nameIn(`process ${span.message.destination}`);
  const [traceId = '', spanId = ''] = nameOf(values[F.creation]).split('-');
  if (ID32.test(traceId) && ID16.test(spanId)) span.links = [traceId + spanId];
}

/**
 * Makes the event a request if it announces that one is being answered. A step of the application
 * has a name of its own, whatever attributes it was given.
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
 * Returns a hash of the content of a log record. It serves as the record's id, because log records
 * have none, so that a record which is exported again is recognized as the same event.
 */
const contentHash = (log: OtlpLog, at: bigint, read: ReadAttributes, resource: string): string =>
  createHash('sha1')
    .update(
      `${log.traceId}\0${log.spanId}\0${log.eventName}\0${at}\0${read.json.join('')}\0${resource}`,
    )
    .digest('hex');

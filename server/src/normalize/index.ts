import type { LogRecord } from '../model/log-record.ts';
import type { OtlpLog, OtlpSpan } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import { createAttributeReader, textOf, type KeySettings } from './attributes.ts';
import { createEventNormalizer, type StoredIds } from './event.ts';
import { createLogNormalizer } from './log.ts';
import { DEFINITION } from './names.ts';
import { createResourceReader } from './resource.ts';
import { createSpanNormalizer } from './span.ts';

export type { KeySettings } from './attributes.ts';

/**
 * Converts decoded OTLP to records that the later stages understand without knowing attribute names
 * (invariant I5). The functions are pure, apart from caches.
 */
export interface Normalizer {
  /**
   * Returns the definition of a flow type as JSON if the log record announces one; null for any
   * other log record.
   */
  definition(log: OtlpLog): string | null;
  span(span: OtlpSpan, receivedAtMs: number): EvidenceRecord;
  /**
   * Returns the record of a milestone event. Returns null if the log record is not a milestone, or
   * belongs to neither a trace nor a flow.
   */
  event(log: OtlpLog, receivedAtMs: number, stored?: StoredIds): EvidenceRecord | null;
  /**
   * Returns the form in which an ordinary log record is stored. Returns null if its severity is
   * below `leastSeverity`, or if it belongs to no trace; such a record is counted and not stored.
   */
  log(log: OtlpLog, receivedAtMs: number, leastSeverity: number): LogRecord | null;
}

export function createNormalizer(settings: KeySettings): Normalizer {
  const reader = createAttributeReader(settings);
  const resourceOf = createResourceReader(reader);
  return {
    definition(log) {
      if (log.eventName !== DEFINITION.event) return null;
      const at = log.attributes.findIndex((value, i) => i % 2 === 0 && value === DEFINITION.body);
      return at < 0 ? '' : textOf(log.attributes[at + 1]);
    },
    span: createSpanNormalizer(reader, resourceOf),
    event: createEventNormalizer(reader, resourceOf),
    log: createLogNormalizer(reader, resourceOf),
  };
}

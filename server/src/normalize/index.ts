import type { OtlpLog, OtlpSpan } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import { createAttributeReader, textOf, type KeySettings } from './attributes.ts';
import { createEventNormalizer, type StoredIds } from './event.ts';
import { DEFINITION } from './names.ts';
import { createResourceReader } from './resource.ts';
import { createSpanNormalizer } from './span.ts';

export type { KeySettings } from './attributes.ts';

/** Turns OTLP into evidence. Attribute names end here (invariant I5). Pure but for its caches. */
export interface Normalizer {
  /**
   * Returns the definition of a flow type that a service announces, as JSON; null for any other
   * record.
   */
  definition(log: OtlpLog): string | null;
  span(span: OtlpSpan, receivedAtMs: number): EvidenceRecord;
  /** Null: the log record is no milestone event; it is counted and not kept. */
  event(log: OtlpLog, receivedAtMs: number, stored?: StoredIds): EvidenceRecord | null;
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
  };
}

import { deleteOldest } from '../../base/oldest.ts';
import { scopedKey } from '../keys.ts';
import type { SentMessage } from '../learned/digest.ts';

/**
 * Remembers which messages were taken at each destination lately, to tell whether the consumer was
 * at work when a message was sent.
 */
export interface Takings {
  /** Records that a message to this destination was taken. */
  observe(environment: string, message: SentMessage): void;
  /**
   * Returns whether messages sent later than this one were taken while the consumer was at work,
   * and if so counts this message as overtaken. Of the messages sent during one silence of the
   * consumer only one counts, because an absent consumer takes none of them, whether it is
   * selective or not. A message that counted once counts whenever it is judged again.
   */
  countOvertaken(environment: string, message: SentMessage): boolean;
}

interface Taking {
  /** Latest send time of all messages that were taken, ms. */
  latestSentMs: number;
  /** Time slots in which a message was taken. */
  spans: Set<number>;
  /**
   * For each time slot, the latest send time, ms, among the taken messages that were sent in that
   * slot.
   */
  latestOf: Map<number, number>;
  /** Latest send time of the messages that were counted as overtaken, ms. */
  countedMs: number;
  /** Ids of the send spans of these messages. */
  counted: Set<string>;
}

/**
 * Length of a time slot, ms. A message counts as untaken only after several times the longest usual
 * wait, so `MAX_SPANS` slots are remembered.
 */
const SPAN_MS = 8000;
const MAX_SPANS = 256;
const MAX_PLACES = 10_000;
/** Maximum number of overtaken messages that are kept for one place. */
const MAX_COUNTED = 64;
const spanOf = (ms: number): number => Math.floor(ms / SPAN_MS);

/**
 * Returns whether the consumer took a message that was sent later in the same time slot, or took
 * any message between the last counted message and this one.
 */
const wasAtWork = ({ spans, latestOf, countedMs }: Taking, sentMs: number): boolean => {
  if ((latestOf.get(spanOf(sentMs)) ?? 0) >= sentMs) return true;
  for (const span of spans)
    if (span * SPAN_MS >= countedMs && span * SPAN_MS <= sentMs) return true;
  return false;
};

export function createTakings(): Takings {
  /** Taken messages by environment and place (destination and message type). */
  const takings = new Map<string, Taking>();
  return {
    observe(environment, { place, sentMs, waits }) {
      const key = scopedKey(environment, place);
      let taking = takings.get(key);
      if (taking === undefined) {
        if (takings.size >= MAX_PLACES) deleteOldest(takings);
        taking = {
          ...{ latestSentMs: 0, spans: new Set(), latestOf: new Map() },
          ...{ countedMs: 0, counted: new Set() },
        };
        takings.set(key, taking);
      }
      const { spans, latestOf } = taking;
      taking.latestSentMs = Math.max(taking.latestSentMs, sentMs);
      for (const { ms } of waits) spans.add(spanOf(sentMs + ms));
      while (spans.size > MAX_SPANS) deleteOldest(spans);
      const span = spanOf(sentMs);
      latestOf.set(span, Math.max(latestOf.get(span) ?? 0, sentMs));
      if (latestOf.size > MAX_SPANS) deleteOldest(latestOf);
    },
    countOvertaken(environment, { place, sentMs, sendSpanId: id }) {
      const taking = takings.get(scopedKey(environment, place));
      if (taking?.counted.has(id)) return true;
      if (taking === undefined || taking.latestSentMs <= sentMs || !wasAtWork(taking, sentMs))
        return false;
      taking.countedMs = Math.max(taking.countedMs, sentMs);
      taking.counted.add(id);
      if (taking.counted.size > MAX_COUNTED) deleteOldest(taking.counted);
      return true;
    },
  };
}

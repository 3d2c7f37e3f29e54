import { scopedKey } from '../keys.ts';
import type { SentMessage } from '../learned/digest.ts';

/** What was taken at each place lately: whether its taker was at work when a message was sent. */
export interface Takings {
  /** A message of this place was taken. */
  observe(environment: string, message: SentMessage): void;
  /**
   * Others that were sent later were taken, and the taker was at work. Those that were sent in one
   * silence count once: whoever was away took none of them, choosy or not.
   */
  countOvertaken(environment: string, message: SentMessage): boolean;
}

interface Taking {
  /** When the latest of the messages that were taken was sent, ms. */
  latestSentMs: number;
  /** Spans of time in which something was taken. */
  spans: Set<number>;
  /**
   * By the span of time in which they were sent: when the latest of those that were taken was, ms.
   */
  latestOf: Map<number, number>;
  /** When the last message was sent that counted as one that others overtook, ms. */
  countedMs: number;
}

/**
 * That a message rests shows only after several of the longest waits: so long back is remembered.
 */
const SPAN_MS = 8000;
const MAX_SPANS = 256;
const MAX_PLACES = 10_000;
const spanOf = (ms: number): number => Math.floor(ms / SPAN_MS);

/** When this one was sent, or between the last that counted and this one. */
const wasAtWork = ({ spans, latestOf, countedMs }: Taking, sentMs: number): boolean => {
  if ((latestOf.get(spanOf(sentMs)) ?? 0) >= sentMs) return true;
  for (const span of spans)
    if (span * SPAN_MS >= countedMs && span * SPAN_MS <= sentMs) return true;
  return false;
};

export function createTakings(): Takings {
  /** By environment and place. */
  const takings = new Map<string, Taking>();
  return {
    observe(environment, { place, sentMs, waits }) {
      const key = scopedKey(environment, place);
      let taking = takings.get(key);
      if (taking === undefined) {
        if (takings.size >= MAX_PLACES) takings.delete(takings.keys().next().value!);
        taking = { latestSentMs: 0, spans: new Set(), latestOf: new Map(), countedMs: 0 };
        takings.set(key, taking);
      }
      const { spans, latestOf } = taking;
      taking.latestSentMs = Math.max(taking.latestSentMs, sentMs);
      for (const { ms } of waits) spans.add(spanOf(sentMs + ms));
      while (spans.size > MAX_SPANS) spans.delete(spans.values().next().value!);
      const span = spanOf(sentMs);
      latestOf.set(span, Math.max(latestOf.get(span) ?? 0, sentMs));
      if (latestOf.size > MAX_SPANS) latestOf.delete(latestOf.keys().next().value!);
    },
    countOvertaken(environment, { place, sentMs }) {
      const taking = takings.get(scopedKey(environment, place));
      if (taking === undefined || taking.latestSentMs <= sentMs || !wasAtWork(taking, sentMs))
        return false;
      taking.countedMs = Math.max(taking.countedMs, sentMs);
      return true;
    },
  };
}

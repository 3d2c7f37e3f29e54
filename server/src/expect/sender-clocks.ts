import { oldestKey } from '../base/oldest.ts';
import type { Service, Span } from '../model/span.ts';
import { scopedKey } from './keys.ts';

/**
 * Measures how far senders' clocks are behind this server's clock. A span cannot arrive before it
 * ended, so the smallest recent difference between receipt and end of an instance's spans is the
 * lag of the instance's clock plus that of the transport. A difference that the batching of an
 * exporter explains does not count as a lag.
 *
 * Without this, a sender whose clock is half a minute slow would be reported for missing steps that
 * it has not had time for, whenever the bound was not learned from that sender's own times (guarded
 * by sender-clocks.test.ts).
 */
export interface SenderClocks {
  /**
   * Observes spans as they arrive. Spans that are loaded from the store again must not be passed.
   */
  observe(spans: readonly Span[]): void;
  /**
   * Returns the ms to add to times of the sender to which `correctedMs` were added already; 0 if
   * the sender's clock is not behind any more, or not known.
   */
  behindMs(environment: string, service: string, instance: string, correctedMs: number): number;
}

/**
 * Returns how far, ms, the clock of the first step is behind that of the second: by so much the
 * time between them seems longer. A difference in the other direction is not returned, because a
 * slow exporter looks like a slow clock, and must not delay deadlines.
 */
export const behindOf = (first: { behindMs: number }, second: { behindMs: number }): number =>
  Math.max(0, first.behindMs - second.behindMs);

interface Offsets {
  sinceMs: number;
  /**
   * Smallest difference between receipt and end of a span, ms: in this time window (`now`) and in
   * the previous one (`before`).
   */
  now: number;
  before: number;
}

/**
 * Differences up to this, ms, are not counted as a slow clock, because OpenTelemetry's batch
 * processor waits 5 s by default, and another 5 s if its queue is full.
 */
const CERTAIN_MS = 10_000;
/**
 * Length of a time window, ms. After two windows a clock that was corrected, or a queue that was
 * drained, is trusted again.
 */
const WINDOW_MS = 60_000;
const MAX_INSTANCES = 10_000;

export function createSenderClocks(): SenderClocks {
  const offsets = new Map<string, Offsets>();
  const behind = new Map<string, number>();

  const add = (key: string, offsetMs: number, atMs: number): void => {
    let known = offsets.get(key);
    if (known === undefined || atMs - known.sinceMs >= WINDOW_MS) {
      const before = known && atMs - known.sinceMs < 2 * WINDOW_MS ? known.now : Infinity;
      known = { sinceMs: atMs, now: Infinity, before };
      // Instances are kept in the order of the start of their last window, the oldest first.
      offsets.delete(key);
      offsets.set(key, known);
      if (offsets.size > MAX_INSTANCES) {
        const eldest = oldestKey(offsets)!;
        offsets.delete(eldest);
        behind.delete(eldest);
      }
    }
    known.now = Math.min(known.now, offsetMs);
    const smallest = Math.min(known.now, known.before);
    if (smallest > CERTAIN_MS) behind.set(key, smallest);
    else if (behind.size > 0) behind.delete(key);
  };

  return {
    observe(spans) {
      // Spans of one request are adjacent, and of each service instance in the request only the
      // span that ended last is used, because it was sent soonest after its end.
      for (let from = 0; from < spans.length;) {
        const { service, receivedAtMs } = spans[from]!;
        let latest = spans[from]!.end;
        let at = from + 1;
        for (; at < spans.length && spans[at]!.service === service; at++)
          if (spans[at]!.end > latest) latest = spans[at]!.end;
        add(keyOf(service), receivedAtMs - Number(latest / 1_000_000n), receivedAtMs);
        from = at;
      }
    },
    behindMs(environment, name, instance, correctedMs) {
      if (behind.size === 0) return 0;
      const left = (behind.get(keyOf({ environment, name, instance })) ?? 0) - correctedMs;
      return left > CERTAIN_MS ? left : 0;
    },
  };
}

const keyOf = ({ environment, name, instance }: Omit<Service, 'version'>): string =>
  scopedKey(scopedKey(environment, name), instance);

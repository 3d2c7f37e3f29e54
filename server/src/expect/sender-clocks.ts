import type { Service, Span } from '../model/span.ts';
import { scopedKey } from './keys.ts';

/**
 * Measures how far senders' clocks are behind this server's. A span cannot arrive before it ended,
 * so the smallest recent offset of an instance is the lag of its clock and of its transport. An
 * offset that an exporter's batching explains is no lag.
 *
 * Without this, a sender whose clock is half a minute slow is reported for missing what it has not
 * had time for, whenever the bound is not learned from its own times (guarded by
 * sender-clocks.test.ts).
 */
export interface SenderClocks {
  /** Takes spans as they arrive, not those rehydrated from the store. */
  observe(spans: readonly Span[]): void;
  /** Returns the ms to add to the sender's times; 0 if its clock is not behind, or unknown. */
  behindMs(environment: string, service: string, instance: string): number;
}

interface Offsets {
  sinceMs: number;
  /** Smallest offset of this window, and of the one before, ms. */
  now: number;
  before: number;
}

/**
 * OpenTelemetry's batch processor waits 5 s by default, and as long again if its queue is full; ms.
 */
const CERTAIN_MS = 10_000;
/** A clock that was corrected, or a queue that was drained, is trusted after two windows, ms. */
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
      // Instances stand in the order of their last activity, least recent first.
      offsets.delete(key);
      offsets.set(key, known);
      if (offsets.size > MAX_INSTANCES) {
        const eldest = offsets.keys().next().value!;
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
      // Spans of one request are adjacent; only the one that ended last matters.
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
    behindMs(environment, name, instance) {
      return behind.size === 0 ? 0 : (behind.get(keyOf({ environment, name, instance })) ?? 0);
    },
  };
}

const keyOf = ({ environment, name, instance }: Omit<Service, 'version'>): string =>
  scopedKey(scopedKey(environment, name), instance);

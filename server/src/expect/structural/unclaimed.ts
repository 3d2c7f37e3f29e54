import { deleteOldest } from '../../base/oldest.ts';
import type { Flow } from '../../model/flow.ts';
import { scopedKey } from '../keys.ts';
import type { SentMessage } from '../learned/digest.ts';

/**
 * A place (environment, destination and message type) whose first known consumer is earlier than
 * was known before.
 */
export interface ClaimedPlace {
  place: string;
  /** Send time of the first message with a known consumer, in ms since 1970. */
  sinceMs: number;
}

/** Keeps the flows that have a message at a destination without a known consumer. */
export interface Unclaimed {
  /**
   * Records which messages of a flow have no known consumer. Returns whether the flow has any such
   * message.
   */
  note(flow: Pick<Flow, 'id' | 'environment'>, messages: readonly SentMessage[]): boolean;
  /**
   * Reports that a place has a consumer, or had one earlier than was known. Returns the flows with
   * a message to this place that was sent at `sinceMs` or later, and forgets them.
   */
  claim(claimed: ClaimedPlace): string[];
}

const MAX_PLACES = 2000;
const MAX_PER_PLACE = 5000;

interface Waiting {
  /** Send time of the last message of each flow, by flow id, in ms since 1970. */
  sentMs: Map<string, number>;
  /**
   * Upper bound of the send times. It answers most claims at once, because no message was sent late
   * enough.
   */
  latestMs: number;
}

export function createUnclaimed(): Unclaimed {
  const byPlace = new Map<string, Waiting>();
  return {
    note({ id, environment }, messages) {
      for (const { place, sentMs } of messages) {
        const key = scopedKey(environment, place);
        let waiting = byPlace.get(key);
        if (waiting === undefined) {
          if (byPlace.size >= MAX_PLACES) deleteOldest(byPlace);
          byPlace.set(key, (waiting = { sentMs: new Map(), latestMs: -Infinity }));
        }
        const ids = waiting.sentMs;
        ids.set(id, Math.max(sentMs, ids.get(id) ?? -Infinity));
        waiting.latestMs = Math.max(waiting.latestMs, sentMs);
        if (ids.size > MAX_PER_PLACE) deleteOldest(ids);
      }
      return messages.length > 0;
    },
    claim({ place, sinceMs }) {
      const waiting = byPlace.get(place);
      if (waiting === undefined || waiting.latestMs < sinceMs) return [];
      const claimed = [...waiting.sentMs].filter(([, sentMs]) => sentMs >= sinceMs);
      for (const [id] of claimed) waiting.sentMs.delete(id);
      waiting.latestMs = Math.max(-Infinity, ...waiting.sentMs.values());
      if (waiting.sentMs.size === 0) byPlace.delete(place);
      return claimed.map(([id]) => id);
    },
  };
}

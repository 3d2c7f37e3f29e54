import type { Flow } from '../../model/flow.ts';
import { scopedKey } from '../keys.ts';
import type { SentMessage } from '../learned/digest.ts';

/** A place (environment, destination) of which more is known now. */
export interface ClaimedPlace {
  place: string;
  /** Messages that were sent from this instant on have a known consumer, ms. */
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
   * Reports that a place has a consumer, or had one earlier than was known. Returns the flows that
   * have a message there which was sent since then, and forgets them.
   */
  claim(claimed: ClaimedPlace): string[];
}

const MAX_PLACES = 2000;
const MAX_PER_PLACE = 5000;

interface Waiting {
  /** When the last message of each flow was sent, ms. */
  sentMs: Map<string, number>;
  /** No message was sent later; it may be later than all. Most claims find nothing by it. */
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
          if (byPlace.size >= MAX_PLACES) byPlace.delete(byPlace.keys().next().value!);
          byPlace.set(key, (waiting = { sentMs: new Map(), latestMs: -Infinity }));
        }
        const ids = waiting.sentMs;
        ids.set(id, Math.max(sentMs, ids.get(id) ?? -Infinity));
        waiting.latestMs = Math.max(waiting.latestMs, sentMs);
        if (ids.size > MAX_PER_PLACE) ids.delete(ids.keys().next().value!);
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

import { deleteOldest } from '../../base/oldest.ts';

/** Something that happened at a place at some time. */
export interface PlaceInTime {
  /** Environment and destination with message type, or environment and place of a delivery. */
  place: string;
  /** Send time of the message or start of the delivery, in ms since 1970. */
  atMs: number;
}

/**
 * Keeps the flows that have a message at a destination without a known consumer, or a delivery that
 * no work is known to follow. They are judged again when that becomes known.
 */
export interface Unclaimed {
  /** Records the places of a flow of which nothing is known. */
  note(flowId: string, places: readonly PlaceInTime[]): void;
  /**
   * Reports that a place is known from this time on. Returns the flows that were at this place at
   * that time or later, and forgets them, all but the flow `except`.
   */
  claim(known: PlaceInTime, except?: string): string[];
}

const MAX_PLACES = 2000;
const MAX_PER_PLACE = 5000;

interface Waiting {
  /** Latest time of each flow at the place, by flow id, in ms since 1970. */
  times: Map<string, number>;
  /**
   * Upper bound of these times. It answers most claims at once, because no flow was at the place
   * late enough.
   */
  latestMs: number;
}

export function createUnclaimed(): Unclaimed {
  const byPlace = new Map<string, Waiting>();
  return {
    note(flowId, places) {
      for (const { place, atMs } of places) {
        let waiting = byPlace.get(place);
        if (waiting === undefined) {
          if (byPlace.size >= MAX_PLACES) deleteOldest(byPlace);
          byPlace.set(place, (waiting = { times: new Map(), latestMs: -Infinity }));
        }
        const { times } = waiting;
        times.set(flowId, Math.max(atMs, times.get(flowId) ?? -Infinity));
        waiting.latestMs = Math.max(waiting.latestMs, atMs);
        if (times.size > MAX_PER_PLACE) deleteOldest(times);
      }
    },
    claim({ place, atMs }, except) {
      const waiting = byPlace.get(place);
      if (waiting === undefined || waiting.latestMs < atMs) return [];
      const claimed = [...waiting.times].flatMap(([id, latestMs]) =>
        latestMs >= atMs && id !== except ? [id] : [],
      );
      for (const id of claimed) waiting.times.delete(id);
      waiting.latestMs = Math.max(-Infinity, ...waiting.times.values());
      if (waiting.times.size === 0) byPlace.delete(place);
      return claimed;
    },
  };
}

import type { Flow } from '../../model/flow.ts';
import { scopedKey } from '../keys.ts';
import type { SentMessage } from '../learned/digest.ts';

/** Keeps the flows that have a message at a destination without a known consumer. */
export interface Unclaimed {
  /**
   * Records which messages of a flow have no known consumer. Returns whether the flow has any such
   * message.
   */
  note(flow: Pick<Flow, 'id' | 'environment'>, messages: readonly SentMessage[]): boolean;
  /**
   * Reports that this place (environment, destination) has a consumer. Returns the flows that have
   * a message there, and forgets them.
   */
  claim(place: string): string[];
}

const MAX_PLACES = 2000;
const MAX_PER_PLACE = 5000;

export function createUnclaimed(): Unclaimed {
  const byPlace = new Map<string, Set<string>>();
  return {
    note({ id, environment }, messages) {
      for (const { place } of messages) {
        const key = scopedKey(environment, place);
        let ids = byPlace.get(key);
        if (ids === undefined) {
          if (byPlace.size >= MAX_PLACES) byPlace.delete(byPlace.keys().next().value!);
          byPlace.set(key, (ids = new Set<string>()));
        }
        ids.add(id);
        if (ids.size > MAX_PER_PLACE) ids.delete(ids.values().next().value!);
      }
      return messages.length > 0;
    },
    claim(place) {
      const ids = [...(byPlace.get(place) ?? [])];
      byPlace.delete(place);
      return ids;
    },
  };
}

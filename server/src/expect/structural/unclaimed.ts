import type { Flow } from '../../model/flow.ts';
import { scopedKey } from '../keys.ts';
import type { SentMessage } from '../learned/digest.ts';

/** Flows of which a message waits at a place where nobody was ever seen to take any. */
export interface Unclaimed {
  /** Notes messages of a flow. True: there are such. */
  note(flow: Pick<Flow, 'id' | 'environment'>, messages: readonly SentMessage[]): boolean;
  /** Somebody takes from this place (environment, place): gives the flows that wait there, once. */
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

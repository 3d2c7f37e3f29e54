import type { Flow } from '../../model/flow.ts';
import { msOf } from '../../model/time.ts';
import { scopedKey } from '../keys.ts';

/**
 * Remembers which messages each service took at each destination lately. A service that took later
 * messages is at work, so that a message which it has not taken is not waiting for its start.
 */
export interface Takers {
  observe(flow: Flow): void;
  /**
   * Returns how many messages that were sent to the destination after `sentMs` the service took, as
   * far as they are remembered.
   */
  takenAfter(environment: string, destination: string, service: string, sentMs: number): number;
}

/** Number of messages that are remembered of a service at a destination, the newest. */
const MAX_MESSAGES = 200;
const MAX_TAKERS = 5000;

export function createTakers(): Takers {
  /** Send times, ms, by message; by environment, destination and service. */
  const taken = new Map<string, Map<string, number>>();
  const keyOf = (environment: string, destination: string, service: string): string =>
    scopedKey(scopedKey(environment, destination), service);
  return {
    observe({ id, environment, hops, steps }) {
      let services: ReadonlyMap<string, string> | null = null;
      for (const { id: hopId, state, to, sync, sent, message } of hops) {
        if (sync || to === null || state !== 'delivered' || message.destination === '') continue;
        services ??= new Map(steps.map((step) => [step.id, step.service]));
        const key = keyOf(environment, message.destination, services.get(to) ?? '');
        let messages = taken.get(key);
        if (messages === undefined) {
          if (taken.size >= MAX_TAKERS) continue;
          taken.set(key, (messages = new Map<string, number>()));
        }
        // A flow is observed again and again, with the same messages.
        messages.set(`${id} ${hopId}`, msOf(sent));
        if (messages.size > MAX_MESSAGES) messages.delete(messages.keys().next().value!);
      }
    },
    takenAfter(environment, destination, service, sentMs) {
      let count = 0;
      for (const ms of taken.get(keyOf(environment, destination, service))?.values() ?? [])
        if (ms > sentMs) count++;
      return count;
    },
  };
}

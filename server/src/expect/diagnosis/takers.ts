import { deleteOldest } from '../../base/oldest.ts';
import { hashed, hashName } from '../../base/name-hash.ts';
import type { Flow, Step } from '../../model/flow.ts';
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

/** Number of messages that are remembered of a service at a destination: those sent last. */
const MAX_MESSAGES = 200;
/**
 * Time by which a message may seem to be sent after its taking was received, ms. With a clock that
 * is wrong by more, it would be one of the newest for as long.
 */
const FAR_AHEAD_MS = 86_400_000;
/** Maximum number of pairs of a destination and a service. All of them take at most 12 MB. */
const MAX_TAKERS = 5000;

/**
 * The messages that were sent last, in whatever order they were observed, because flows are looked
 * at again long after. A message is a hash, because texts would take ten times as much.
 */
interface Messages {
  hashes: Int32Array;
  /** Send times, epoch ms. */
  times: Float64Array;
  count: number;
}

export function createTakers(): Takers {
  /** By environment, destination and service. The pair that was used longest ago is the first. */
  const taken = new Map<string, Messages>();
  const keyOf = (environment: string, destination: string, service: string): string =>
    scopedKey(scopedKey(environment, destination), service);
  const use = (key: string, messages: Messages): Messages => {
    taken.delete(key);
    taken.set(key, messages);
    return messages;
  };
  const begin = (key: string): Messages => {
    if (taken.size >= MAX_TAKERS) deleteOldest(taken);
    return use(key, { hashes: new Int32Array(), times: new Float64Array(), count: 0 });
  };
  return {
    observe({ id, environment, hops, steps }) {
      let byId: ReadonlyMap<string, Step> | null = null;
      for (const { id: hopId, state, to, sync, sent, message } of hops) {
        if (sync || to === null || state !== 'delivered' || message.destination === '') continue;
        byId ??= new Map(steps.map((step) => [step.id, step]));
        const { service = '', receivedMs = Infinity } = byId.get(to) ?? {};
        if (msOf(sent) > receivedMs + FAR_AHEAD_MS) continue;
        const key = keyOf(environment, message.destination, service);
        const known = taken.get(key);
        hashName(`${id} `, hopId);
        remember(known ? use(key, known) : begin(key), hashed.low | 0, msOf(sent));
      }
    },
    takenAfter(environment, destination, service, sentMs) {
      const key = keyOf(environment, destination, service);
      const known = taken.get(key);
      if (known === undefined) return 0;
      const { times, count } = use(key, known);
      let later = 0;
      for (let i = 0; i < count; i++) if (times[i]! > sentMs) later++;
      return later;
    },
  };
}

function remember(messages: Messages, hash: number, ms: number): void {
  // A flow is observed again and again, with the same messages.
  const known = messages.hashes.indexOf(hash);
  if (known >= 0 && known < messages.count) {
    messages.times[known] = ms;
    return;
  }
  let at = messages.count;
  if (at === MAX_MESSAGES) {
    at = oldestOf(messages.times);
    if (ms <= messages.times[at]!) return;
  } else {
    if (at === messages.hashes.length) grow(messages);
    messages.count++;
  }
  messages.hashes[at] = hash;
  messages.times[at] = ms;
}

/** Returns the position of the message that was sent first. */
function oldestOf(times: Float64Array): number {
  let oldest = 0;
  for (let i = 1; i < times.length; i++) if (times[i]! < times[oldest]!) oldest = i;
  return oldest;
}

function grow(messages: Messages): void {
  const { hashes, times } = messages;
  const size = Math.min(MAX_MESSAGES, Math.max(8, 2 * hashes.length));
  messages.hashes = new Int32Array(size);
  messages.hashes.set(hashes);
  messages.times = new Float64Array(size);
  messages.times.set(times);
}

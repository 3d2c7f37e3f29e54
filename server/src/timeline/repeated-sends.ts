import { groupedBy } from '../base/lists.ts';
import { destinationOf } from '../model/destinations.ts';
import { isCounted } from '../model/keys.ts';
import type { Span } from '../model/span.ts';
import { later, type UnixNanos } from '../model/time.ts';

/** Tells which sends of a segment sent the same message. */

/**
 * Returns the sends without those that failed and were repeated beside them with success. The
 * broker has only the repeated message.
 */
export function withoutRepeated(sends: Span[]): Span[] {
  if (!sends.some(({ failed }) => failed)) return sends;
  // Sends are looked up by what they send, as a segment may have tens of thousands of them.
  const lastStarts = new Map<string, UnixNanos>();
  for (const send of sends)
    if (!send.failed) {
      const last = lastStarts.get(whatItSends(send)) ?? send.start;
      lastStarts.set(whatItSends(send), later(last, send.start));
    }
  return sends.filter((send) => {
    const last = lastStarts.get(whatItSends(send));
    const isRepeated = destinationOf(send) !== '' && last !== undefined && last >= send.end;
    return !(send.failed && isRepeated);
  });
}
const whatItSends = (send: Span): string =>
  [send.parent, destinationOf(send), send.message!.id, send.message!.type].join('\0');

/**
 * Returns one send for each message of a segment. An outbox may send a message several times under
 * one id, for example after a crash, and the broker or the consumer drops all copies but one. If
 * several of them were taken, different messages share the id, and each counts. `within` has the
 * send spans within a send span that belong to the same sending.
 */
export function distinctMessages(
  sends: readonly Span[],
  within: ReadonlyMap<Span, readonly Span[]>,
  consumed: ReadonlySet<string>,
): { message: Span; send: Span }[] {
  const isTaken = (send: Span): boolean =>
    [send, ...(within.get(send) ?? [])].some(({ key }) => consumed.has(key));
  const named = sends.filter(({ message }) => message!.id !== '' && !isCounted(message!.id));
  const copies = new Set<Span>();
  for (const alike of groupedBy(named, messageSentBy).values()) {
    const taken = alike.filter(isTaken);
    if (taken.length > 1) continue;
    for (const one of alike) if (one !== (taken[0] ?? alike[0])) copies.add(one);
  }
  return sends.flatMap((send) => (copies.has(send) ? [] : [{ message: send, send }]));
}
const messageSentBy = (send: Span): string =>
  [destinationOf(send), send.message!.id, send.message!.type, send.message!.position].join('\0');

import { scopedKey } from '../keys.ts';
import { environmentOf, type Digest, type SentMessage } from './digest.ts';

/**
 * Detects waits that messages shared. Messages that pile up while their consumer is down, hung or
 * overloaded wait for the same thing: each of their waits tells of the consumer's outage, none is a
 * sample of what is usual. A wait is shared if it is unusual and most of what was sent to that
 * destination shortly before, or after, also waited unusually long or still waits; if those were
 * taken at once, the wait is the message's own. A queue in which all messages wait equally long,
 * over as long a time, is in its usual state (guarded by outages.test.ts).
 */
export interface Outages {
  /**
   * Observes what was sent and taken, as far as it is known; may be repeated when more is known.
   */
  observe(digest: Digest): void;
  /** Marks waits, and steps, that were held up by an outage, before the flow is learned from. */
  markHeldUp(digest: Digest, usual: UsualOf): void;
}

/**
 * Returns the bounds, ms, above which it is unusual until this step type takes such a message, and
 * until that is received.
 */
export type UsualOf = (message: SentMessage, to: string) => { waitMs: number; heardMs: number };

/** A message: when each step type began to take it, and when that was received, ms. */
interface Sent {
  id: string;
  sentMs: number;
  taken: Record<string, { atMs: number; heardMs: number }>;
}

export interface OutageOptions {
  now(): number;
  /** A shorter wait, ms, makes no difference, so its cause is not examined. */
  shortMs: number;
}

/**
 * Length of a time slot, ms; at most `MAX_PER_SPAN` messages to one destination are kept per slot.
 */
const SPAN_MS = 5000;
const MAX_PER_SPAN = 3;
/** Time slots with messages that are kept for one destination. */
const MAX_SPANS = 256;
const MAX_PLACES = 500;
/** Number of nearest messages before, and after, that are compared. */
const NEXT = 3;
/**
 * A message sent further apart than this, in ms and in multiples of the wait, tells nothing about
 * it.
 */
const NEAR_MS = 60_000;
const NEAR_TIMES = 2;
/**
 * While nothing is known to be usual, only longer waits, ms, are examined: among shorter ones, any
 * that are left out would make the others unusual.
 */
const YOUNG_MS = 60_000;
/** A message waited as well if it waited at least this part of the wait. */
const AS_WELL = 1 / 4;
/**
 * Waits in the three thirds of the preceding time are alike if their means differ by no more than
 * this part of the wait.
 */
const ALIKE = 0.08;
const MIN_IN_THIRD = 2;

interface Neighbour {
  apart: number;
  waitedAsWell: boolean;
}
const mostWaited = (neighbours: Neighbour[]): boolean => {
  const next = neighbours.sort((a, b) => a.apart - b.apart).slice(0, NEXT);
  return 2 * next.filter((one) => one.waitedAsWell).length > next.length;
};

export function createOutages(options: OutageOptions): Outages {
  const { shortMs } = options;
  const places = new Map<string, Map<number, Sent[]>>();
  const keyOf = (digest: Digest, place: string): string => scopedKey(environmentOf(digest), place);

  const observe = (digest: Digest): void => {
    for (const { place, sendSpanId: id, sentMs, waits } of digest.messages) {
      const key = keyOf(digest, place);
      let spans = places.get(key);
      if (spans === undefined) {
        if (places.size >= MAX_PLACES) places.delete(places.keys().next().value!);
        places.set(key, (spans = new Map<number, Sent[]>()));
      }
      const at = Math.floor(sentMs / SPAN_MS);
      let sent = spans.get(at);
      if (sent === undefined) {
        if (spans.size >= MAX_SPANS) spans.delete(spans.keys().next().value!);
        spans.set(at, (sent = []));
      }
      let known = sent.find((one) => one.id === id);
      if (known === undefined) {
        if (sent.length >= MAX_PER_SPAN) continue;
        sent.push((known = { id, sentMs, taken: {} }));
      }
      for (const { to, ms, heardMs } of waits) known.taken[to] = { atMs: sentMs + ms, heardMs };
    }
  };

  /** `waitOf` returns the wait of another message; null if this consumer does not take it. */
  const isShared = (
    all: Iterable<Sent[]>,
    id: string,
    sentMs: number,
    waited: number,
    usualMs: number,
    waitOf: (sent: Sent) => number | null,
  ): boolean => {
    if (waited <= (usualMs === 0 ? YOUNG_MS : Math.max(shortMs, usualMs))) return false;
    const nearMs = usualMs === 0 ? waited : Math.max(NEAR_MS, NEAR_TIMES * waited);
    const asWellMs = Math.max(usualMs, waited * AS_WELL);
    const before: Neighbour[] = [];
    const after: Neighbour[] = [];
    const sums = [0, 0, 0];
    const counts = [0, 0, 0];
    for (const some of all)
      for (const sent of some) {
        const ms = sent.id === id ? null : waitOf(sent);
        if (ms === null) continue;
        const apart = sent.sentMs - sentMs;
        const waitedAsWell = ms >= asWellMs;
        if (Math.abs(apart) <= nearMs)
          (apart <= 0 ? before : after).push({ apart: Math.abs(apart), waitedAsWell });
        const third = Math.floor((3 * (apart + ms)) / waited);
        if (!waitedAsWell || third < 0 || third > 2) continue;
        sums[third]! += ms;
        counts[third]!++;
      }
    if (!mostWaited(before) && !mostWaited(after)) return false;
    if (counts.some((count) => count < MIN_IN_THIRD)) return true;
    const means = sums.map((sum, i) => sum / counts[i]!);
    return Math.max(...means) - Math.min(...means) > ALIKE * waited;
  };
  /** Returns the wait until a message was taken, or received; for an untaken message, until now. */
  const waitsFor =
    (to: string, instant: 'atMs' | 'heardMs') =>
    ({ sentMs, taken }: Sent): number | null => {
      const mine = taken[to]?.[instant];
      if (mine !== undefined) return mine - sentMs;
      for (const _ in taken) return null;
      return options.now() - sentMs;
    };

  return {
    observe,
    markHeldUp(digest, usual) {
      for (const message of digest.messages) {
        const { place, sendSpanId: id, sentMs } = message;
        for (const wait of message.waits) {
          const untilHeard = wait.heardMs - sentMs;
          if (untilHeard <= shortMs) continue;
          const all = places.get(keyOf(digest, place));
          if (all === undefined) continue;
          const { waitMs, heardMs } = usual(message, wait.to);
          wait.isHeldUp = isShared(
            all.values(),
            id,
            sentMs,
            wait.ms,
            waitMs,
            waitsFor(wait.to, 'atMs'),
          );
          const step = digest.steps.find((one) => one.id === wait.stepId);
          if (step !== undefined)
            step.isHeldUp = isShared(
              all.values(),
              id,
              sentMs,
              untilHeard,
              heardMs,
              waitsFor(wait.to, 'heardMs'),
            );
        }
      }
    },
  };
}

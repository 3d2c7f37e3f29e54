import { scopedKey } from '../keys.ts';
import { environmentOf, type Digest, type SentMessage } from './digest.ts';

/**
 * Which waits were shared. Messages that pile up while their consumer is down, hung or overloaded
 * wait for the same thing: each of their waits is a fact of the consumer's bad hour, none is a
 * sample of what is usual. A wait is shared if it is unusual and most of what was sent next before
 * it, or after, to that place waited unusually long as well, or waits still; where those were taken
 * at once, it is the message's own. A queue in which all wait equally long, over as long a time, is
 * as it always is (guarded by outages.test.ts).
 */
export interface Outages {
  /** What was sent, and taken, as far as it is known now; again whenever more is known. */
  observe(digest: Digest): void;
  /** Marks waits, and steps that took as long as others, before the flow teaches. */
  markHeldUp(digest: Digest, usual: UsualOf): void;
}

/**
 * Longer is unusual, ms: from the sending of such a message until this step type takes it, and
 * until that is heard.
 */
export type UsualOf = (message: SentMessage, to: string) => { waitMs: number; heardMs: number };

/** One message: when each step type began to take it, and when that was heard, ms. */
interface Sent {
  id: string;
  sentMs: number;
  taken: Record<string, { atMs: number; heardMs: number }>;
}

export interface OutageOptions {
  now(): number;
  /** A shorter wait makes no difference: whose it was is not asked. */
  shortMs: number;
}

/** Of what was sent in so long to one place, a few messages are enough … */
const SPAN_MS = 5000;
const MAX_PER_SPAN = 3;
/** … and of one place, so many spans in which something was sent. */
const MAX_SPANS = 256;
const MAX_PLACES = 500;
/** So many that were sent next before, or after, are asked. */
const NEXT = 3;
/**
 * Whoever was sent so much earlier or later, and by so many times the wait, tells nothing of it.
 */
const NEAR_MS = 60_000;
const NEAR_TIMES = 2;
/**
 * Where nothing is known to be usual, only a longer wait is asked about: of shorter ones, those
 * that were left would make the others unusual, whatever is usual there.
 */
const YOUNG_MS = 60_000;
/** Who waited at least this part of the wait, waited as well. */
const AS_WELL = 1 / 4;
/**
 * Waits in the three thirds of the time before are alike if their means differ by no more than this
 * part of them.
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

  /** `waitOf`: of another message; null: this taker does not take it. */
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
  /** Until it was taken, or heard of; of what nobody took, until now. */
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

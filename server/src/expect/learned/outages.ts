import { deleteOldest } from '../../base/oldest.ts';
import { scopedKey } from '../keys.ts';
import { environmentOf, type Digest, type SentMessage } from './digest.ts';

/**
 * Detects waits that an outage of the consumer made longer. Messages that pile up while their
 * consumer is down, hung or overloaded all wait for the outage to end, so none of their waits is a
 * sample of what is usual. A wait counts as shared in this way if it is unusually long, and most of
 * the messages that were sent to the same destination shortly before, or shortly after, also waited
 * unusually long or still wait. If those messages were taken without such a wait, the wait has a
 * cause of its own. If all messages in a queue wait equally long during the whole of the wait, the
 * queue is in its usual state (guarded by outages.test.ts).
 */
export interface Outages {
  /**
   * Observes when the flow's messages were sent and taken, as far as is known. May be called again
   * when more is known of the flow.
   */
  observe(digest: Digest): void;
  /**
   * Returns those waits and steps of a flow that an outage delayed and that are not marked yet. A
   * later call may find more, because usual waits, and the waits of messages that were sent later,
   * become known only then.
   */
  heldUpIn(digest: Digest, usual: UsualOf): Delayed[];
  /** Returns whether the flow has a delay of more than `usual` that no outage explains yet. */
  isUnexplained(digest: Digest, usual: UsualOf): boolean;
}

/** What an outage delays: the wait of a message, or the step that took it. */
type Delayed = { isHeldUp: boolean };

/**
 * Returns the bounds, ms, above which two times of a message are unusual: the time until a step of
 * type `to` takes the message, and the time until that step is received.
 */
export type UsualOf = (message: SentMessage, to: string) => { waitMs: number; heardMs: number };

/**
 * A sent message. For each step type, `taken` has the times, ms, at which a step of this type took
 * the message and at which that step was received.
 */
interface Sent {
  id: string;
  sentMs: number;
  taken: Record<string, { atMs: number; heardMs: number }>;
}

export interface OutageOptions {
  now(): number;
  /** A wait shorter than this, ms, makes no difference, so its cause is not examined. */
  shortMs: number;
}

/**
 * Length of a time slot, ms; at most `MAX_PER_SPAN` messages to one destination are kept per slot.
 */
const SPAN_MS = 5000;
const MAX_PER_SPAN = 3;
/** Maximum number of time slots whose messages are kept for one destination. */
const MAX_SPANS = 256;
const MAX_PLACES = 500;
/**
 * Number of messages to compare on each side of a message: the nearest ones before it and the
 * nearest ones after it.
 */
const NEXT = 3;
/**
 * Messages are compared with each other only if they were sent within this time, ms, or within
 * `NEAR_TIMES` the wait, whichever is longer. Messages sent further apart tell nothing about each
 * other.
 */
const NEAR_MS = 300_000;
const NEAR_TIMES = 4;
/** Until usual waits are known, only waits longer than this, in ms, are examined. */
const YOUNG_MS = 60_000;
/**
 * Another message counts as having waited as well if its wait was at least this part of the
 * examined wait.
 */
const AS_WELL = 1 / 4;
/**
 * The time of the examined wait is divided into three periods. For each period, the mean of the
 * waits that ended in it is computed. The waits are alike if these means differ by no more than
 * this share of the examined wait.
 */
const ALIKE = 0.08;
const MIN_IN_THIRD = 2;
/**
 * Waits are not alike if their standard deviation exceeds this share of their mean. After a hung
 * consumer has resumed, the means of the periods are equal by chance, but the waits differ: each
 * message waited since it was sent.
 */
const EVEN = 0.3;

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
        if (places.size >= MAX_PLACES) deleteOldest(places);
        places.set(key, (spans = new Map<number, Sent[]>()));
      }
      const at = Math.floor(sentMs / SPAN_MS);
      let sent = spans.get(at);
      if (sent === undefined) {
        if (spans.size >= MAX_SPANS) deleteOldest(spans);
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

  /**
   * Returns whether an outage of a consumer made the message `id` wait longer. `waitOf` returns how
   * long another message waited for the same consumer; null if the consumer does not take it.
   */
  const isShared = (
    all: Iterable<Sent[]>,
    id: string,
    sentMs: number,
    waited: number,
    usualMs: number,
    waitOf: (sent: Sent) => { ms: number; isOver: boolean } | null,
  ): boolean => {
    if (waited <= (usualMs === 0 ? YOUNG_MS : Math.max(shortMs, usualMs))) return false;
    const nearMs = usualMs === 0 ? waited : Math.max(NEAR_MS, NEAR_TIMES * waited);
    const asWellMs = Math.max(usualMs, waited * AS_WELL);
    const before: Neighbour[] = [];
    const after: Neighbour[] = [];
    const ended = [createMoments(), createMoments(), createMoments()] as const;
    for (const some of all)
      for (const sent of some) {
        const other = sent.id === id ? null : waitOf(sent);
        if (other === null) continue;
        const waitedAsWell = other.ms >= asWellMs;
        // A message that still waits, but not as long yet, tells nothing: it may be taken soon or
        // late.
        if (!waitedAsWell && !other.isOver) continue;
        const apart = sent.sentMs - sentMs;
        if (Math.abs(apart) <= nearMs)
          (apart <= 0 ? before : after).push({ apart: Math.abs(apart), waitedAsWell });
        if (waitedAsWell) ended[Math.floor((3 * (apart + other.ms)) / waited)]?.add(other.ms);
      }
    return (mostWaited(before) || mostWaited(after)) && !areAlike(ended, ALIKE * waited);
  };
  /**
   * Returns a function that gives the wait of a message until a step of type `to` took it, or until
   * that step was received. A message that nobody took waits until now. For a message that only
   * other steps took, the function returns null.
   */
  const waitsFor =
    (to: string, instant: 'atMs' | 'heardMs') =>
    ({ sentMs, taken }: Sent): { ms: number; isOver: boolean } | null => {
      const mine = taken[to]?.[instant];
      if (mine !== undefined) return { ms: mine - sentMs, isOver: true };
      for (const _ in taken) return null;
      return { ms: options.now() - sentMs, isOver: false };
    };

  return {
    observe,
    heldUpIn(digest, usual) {
      const found: Delayed[] = [];
      for (const message of digest.messages)
        for (const wait of message.waits) {
          const { sendSpanId: id, sentMs } = message;
          const untilHeard = wait.heardMs - sentMs;
          const all = places.get(keyOf(digest, message.place));
          if (untilHeard <= shortMs || all === undefined) continue;
          const { waitMs, heardMs } = usual(message, wait.to);
          const isHeldUp = (ms: number, usualMs: number, instant: 'atMs' | 'heardMs'): boolean =>
            isShared(all.values(), id, sentMs, ms, usualMs, waitsFor(wait.to, instant));
          if (!wait.isHeldUp && isHeldUp(wait.ms, waitMs, 'atMs')) found.push(wait);
          const step = digest.steps.find((one) => one.id === wait.stepId);
          if (step?.isHeldUp === false && isHeldUp(untilHeard, heardMs, 'heardMs'))
            found.push(step);
        }
      return found;
    },
    isUnexplained: (digest, usual) =>
      digest.messages.some((message) =>
        message.waits.some((wait) => {
          const untilHeard = wait.heardMs - message.sentMs;
          if (untilHeard <= shortMs) return false;
          const { waitMs, heardMs } = usual(message, wait.to);
          const step = digest.steps.find((one) => one.id === wait.stepId);
          return (
            (wait.ms > Math.max(shortMs, waitMs) && !wait.isHeldUp) ||
            (untilHeard > heardMs && step?.isHeldUp === false)
          );
        }),
      ),
  };
}

interface Moments {
  add(value: number): void;
  readonly count: number;
  readonly mean: number;
  readonly deviation: number;
}
function createMoments(): Moments {
  let count = 0;
  let sum = 0;
  let squares = 0;
  return {
    add(value) {
      count++;
      sum += value;
      squares += value * value;
    },
    get count() {
      return count;
    },
    get mean() {
      return sum / count;
    },
    get deviation() {
      return Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
    },
  };
}

/**
 * Returns whether the waits are equally long in all periods: their means differ by at most
 * `differenceMs`, and the waits of each period hardly deviate from their mean.
 */
function areAlike(periods: readonly Moments[], differenceMs: number): boolean {
  if (periods.some(({ count }) => count < MIN_IN_THIRD)) return false;
  const means = periods.map(({ mean }) => mean);
  return (
    Math.max(...means) - Math.min(...means) <= differenceMs &&
    periods.every(({ mean, deviation }) => deviation <= EVEN * mean)
  );
}

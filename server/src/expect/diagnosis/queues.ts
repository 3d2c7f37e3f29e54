import { oldestKey } from '../../base/oldest.ts';
import type { Clock } from '../../base/clock.ts';
import type { Flow } from '../../model/flow.ts';
import { scopedKey } from '../keys.ts';

/**
 * Counts the messages that wait at each destination, and tells whether their number grows. In a
 * single flow, a consumer that is too slow looks the same as a consumer that is gone. The messages
 * are counted in projected flows; no broker is asked.
 */
export interface Queues {
  observe(flow: Flow): void;
  forget(flowId: string): void;
  /**
   * Returns the growth of a destination's queue in the last minute; null if the number of waiting
   * messages has not grown by `GROWTH`, or is below `MIN_WAITING`.
   */
  growth(environment: string, destination: string): Growth | null;
}

export interface Growth {
  waiting: number;
  aMinuteAgo: number;
  /** Number of messages taken during the last minute. */
  taken: number;
}

interface Queue {
  waiting: number;
  taken: number;
  /**
   * Counts at earlier times, oldest first. The first sample is at least a minute old once the queue
   * has been counted for a minute.
   */
  samples: { atMs: number; waiting: number; taken: number }[];
}

const SAMPLE_MS = 5000;
const WINDOW_MS = 60_000;
/**
 * Minimum number of waiting messages for a queue to be reported. In a healthy system, too, a few
 * messages are in transit.
 */
const MIN_WAITING = 10;
const GROWTH = 1.2;
/**
 * Maximum number of flows whose waiting messages are counted. Beyond it, the messages of the flow
 * that was updated longest ago are no longer counted as waiting.
 */
const MAX_FLOWS = 100_000;
const MAX_QUEUES = 5000;

export function createQueues(clock: Clock): Queues {
  const queues = new Map<string, Queue>();
  /** Number of waiting messages by flow and destination. */
  const waitingOf = new Map<string, ReadonlyMap<string, number>>();
  const queueOf = (key: string): Queue | undefined => {
    let queue = queues.get(key);
    if (queue === undefined && queues.size < MAX_QUEUES)
      queues.set(key, (queue = { waiting: 0, taken: 0, samples: [] }));
    return queue;
  };
  /** Records the queue's present counts as a sample. Call this before the counts change. */
  const sample = (queue: Queue): void => {
    const { samples } = queue;
    const now = clock.now();
    if (now - (samples.at(-1)?.atMs ?? -Infinity) >= SAMPLE_MS)
      samples.push({ atMs: now, waiting: queue.waiting, taken: queue.taken });
    while (samples.length > 1 && samples[1]!.atMs <= now - WINDOW_MS) samples.shift();
  };
  const change = (key: string, by: number, taken: number): void => {
    const queue = by === 0 ? undefined : queueOf(key);
    if (queue === undefined) return;
    sample(queue);
    queue.waiting += by;
    queue.taken += taken;
  };
  const drop = (flowId: string): void => {
    for (const [key, count] of waitingOf.get(flowId) ?? []) change(key, -count, 0);
    waitingOf.delete(flowId);
  };

  return {
    observe(flow) {
      const before = waitingOf.get(flow.id);
      const now = new Map<string, number>();
      for (const hop of flow.hops) {
        if (hop.state !== 'waiting' || hop.sync) continue;
        const key = scopedKey(flow.environment, hop.message.destination);
        now.set(key, (now.get(key) ?? 0) + 1);
      }
      for (const [key, count] of before ?? []) {
        const taken = Math.max(0, count - (now.get(key) ?? 0));
        change(key, -taken, taken);
      }
      for (const [key, count] of now) change(key, Math.max(0, count - (before?.get(key) ?? 0)), 0);
      waitingOf.delete(flow.id);
      if (now.size > 0) waitingOf.set(flow.id, now);
      if (waitingOf.size > MAX_FLOWS) drop(oldestKey(waitingOf)!);
    },
    forget: drop,
    growth(environment, destination) {
      const queue = queues.get(scopedKey(environment, destination));
      if (queue === undefined) return null;
      sample(queue);
      const [then] = queue.samples;
      if (
        then === undefined ||
        queue.waiting < MIN_WAITING ||
        queue.waiting < GROWTH * then.waiting
      )
        return null;
      return { waiting: queue.waiting, aMinuteAgo: then.waiting, taken: queue.taken - then.taken };
    },
  };
}

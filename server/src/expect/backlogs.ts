/**
 * Which waits were shared. Messages that pile up while their consumer is down, hung or overloaded are taken together
 * afterwards: each of their waits is a fact of the consumer's bad hour, none is a sample of what is usual. Told from a
 * consumer that always takes so long by its pace (it takes as fast as is sent), and from a message that is delayed by
 * itself by those that were sent later and taken long before it (guarded by backlogs.test.ts).
 */
export interface Backlogs {
  /** One message was taken; instants in ms, in whatever order. The same take may be told again. */
  observe(queue: string, stepId: string, sentMs: number, takenMs: number): void;
  isShared(queue: string, stepId: string, sentMs: number, takenMs: number): boolean;
}

/** What was taken in one second. */
interface Second {
  from: number;
  to: number;
  sentFrom: number;
  sentTo: number;
  /** The longest two waits, by step: of others, one is enough. */
  longest: string;
  longestMs: number;
  second: string;
  secondMs: number;
}

const SECOND_MS = 1000;
/** Of one queue: two minutes in which something was taken. */
const MOST_SECONDS = 128;
const MOST_QUEUES = 2000;
/** A queue that moves as fast as it is filled, over this part of the wait, is as it always is. */
const STEADY_PART = 1 / 8;
const STEADY = { least: 0.8, most: 1.25 };

export function createBacklogs(): Backlogs {
  const queues = new Map<string, Map<number, Second>>();

  return {
    observe(queue, stepId, sentMs, takenMs) {
      let seconds = queues.get(queue);
      if (seconds === undefined) {
        if (queues.size >= MOST_QUEUES) queues.delete(queues.keys().next().value!);
        queues.set(queue, (seconds = new Map<number, Second>()));
      }
      const at = Math.floor(takenMs / SECOND_MS);
      let second = seconds.get(at);
      if (second === undefined) {
        if (seconds.size >= MOST_SECONDS) seconds.delete(seconds.keys().next().value!);
        second = {
          ...{ from: takenMs, to: takenMs, sentFrom: sentMs, sentTo: sentMs },
          ...{ longest: '', longestMs: -1, second: '', secondMs: -1 },
        };
        seconds.set(at, second);
      }
      second.from = Math.min(second.from, takenMs);
      second.to = Math.max(second.to, takenMs);
      second.sentFrom = Math.min(second.sentFrom, sentMs);
      second.sentTo = Math.max(second.sentTo, sentMs);
      const ms = takenMs - sentMs;
      if (stepId === second.longest) second.longestMs = ms;
      else if (ms > second.longestMs) {
        [second.second, second.secondMs] = [second.longest, second.longestMs];
        [second.longest, second.longestMs] = [stepId, ms];
      } else if (stepId === second.second || ms > second.secondMs)
        [second.second, second.secondMs] = [stepId, ms];
    },
    isShared(queue, stepId, sentMs, takenMs) {
      const waited = takenMs - sentMs;
      let isShared = false;
      let [from, to, sentFrom, sentTo] = [takenMs, takenMs, sentMs, sentMs];
      for (const second of queues.get(queue)?.values() ?? []) {
        // Who was sent later and taken in the first half of the wait had a consumer that was there.
        if (second.to >= sentMs && second.to <= sentMs + waited / 2 && second.sentTo > sentMs) return false;
        if (second.to < takenMs - waited / 4 || second.from > takenMs + waited / 4) continue;
        from = Math.min(from, second.from);
        to = Math.max(to, second.to);
        sentFrom = Math.min(sentFrom, second.sentFrom);
        sentTo = Math.max(sentTo, second.sentTo);
        const other = second.longest === stepId ? second.secondMs : second.longestMs;
        if (2 * other >= waited) isShared = true;
      }
      if (!isShared) return false;
      const pace = (sentTo - sentFrom) / (to - from);
      const isSteady = to - from >= waited * STEADY_PART && pace >= STEADY.least && pace <= STEADY.most;
      return !isSteady;
    },
  };
}

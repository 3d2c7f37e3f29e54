import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';

/** Holds the requests that have arrived and are not answered yet, the oldest first. */
export interface WaitingRequests<P> {
  add(request: Omit<WaitingRequest<P>, 'since'>): void;
  /**
   * Removes the oldest requests from the queue and returns them to be written. Together they have
   * at most `maxRecords` records, except if the oldest request alone has more.
   */
  take(maxRecords: number): WaitingRequest<P>[];
  /** Answers the requests: with success, or with `error` if their commit failed. */
  settle(requests: readonly WaitingRequest<P>[], error?: unknown): void;
  /**
   * Tells that the request is committed and that only its answer is outstanding, so that it does
   * not count as waiting for a commit.
   */
  committed(request: WaitingRequest<P>): void;
  /** Number of requests that are not being written yet. */
  readonly queued: number;
  /** Number of records in requests that are not committed yet or not answered yet. */
  readonly records: number;
  /** Time for which the oldest request has waited for its commit, in ms; 0 if no request waits. */
  readonly oldestMs: number;
  readonly allAnswered: boolean;
  /** Resolves when every request has an answer. */
  untilAnswered(): Promise<void>;
  stop(): void;
}

/** `P` is the type of a request after it was prepared. Requests wait in this form. */
export interface WaitingRequest<P> {
  prepared: P;
  /** Number of records in the request. */
  size: number;
  /** The request arrived at this instant, in ms. */
  since: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Every request is answered within this time, even if its commit hangs, because exporters give up
 * after 10 s and then send the request again.
 */
const ANSWER_MS = 8000;

/**
 * Creates an empty queue. `onLate` is called with the number of requests that were answered with an
 * error because the store did not answer in time.
 */
export function createWaitingRequests<P>(
  clock: Clock,
  onLate: (requests: number, error: FermataError) => void,
): WaitingRequests<P> {
  let queue: WaitingRequest<P>[] = [];
  /**
   * Requests that are not committed yet. If a commit hangs, its requests stay here although they
   * have been answered with an error.
   */
  const pending = new Set<WaitingRequest<P>>();
  /** Requests without an answer, whether committed or not. */
  const unanswered = new Set<WaitingRequest<P>>();
  let records = 0;
  let cancel: (() => void) | undefined;
  let onAllAnswered: (() => void) | undefined;

  const answer = (request: WaitingRequest<P>, error?: unknown): void => {
    if (!unanswered.delete(request)) return;
    if (error === undefined) request.resolve();
    else request.reject(error);
    if (unanswered.size === 0) onAllAnswered?.();
  };
  const settle = (requests: readonly WaitingRequest<P>[], error?: unknown): void => {
    for (const request of requests) {
      records -= request.size;
      pending.delete(request);
      answer(request, error);
    }
  };
  const ageOf = (requests: ReadonlySet<WaitingRequest<P>>): number => {
    for (const { since } of requests) return clock.now() - since;
    return 0;
  };
  /**
   * Answers with a retryable error all requests that have waited too long. It is unknown whether
   * their commit will still succeed, so the sender should send them again.
   */
  const answerLate = (): void => {
    cancel = undefined;
    const error = new FermataError('store.unavailable', 'the store did not answer in time', {
      retryable: true,
    });
    const until = clock.now() - ANSWER_MS;
    const late = new Set([...unanswered].filter(({ since }) => since <= until));
    // Late requests that are not being written yet are removed, so that they are not written later.
    settle(
      queue.filter((request) => late.has(request)),
      error,
    );
    queue = queue.filter((request) => !late.has(request));
    for (const request of late) answer(request, error);
    if (late.size > 0) onLate(late.size, error);
    watchLate();
  };
  const watchLate = (): void => {
    if (unanswered.size === 0 || cancel !== undefined) return;
    cancel = clock.after(Math.max(1, ANSWER_MS - ageOf(unanswered)), answerLate);
  };

  return {
    add(arrived) {
      const request = { ...arrived, since: clock.now() };
      queue.push(request);
      pending.add(request);
      unanswered.add(request);
      records += request.size;
      watchLate();
    },
    take(maxRecords) {
      let size = 0;
      let count = 0;
      while (count < queue.length && (count === 0 || size + queue[count]!.size <= maxRecords))
        size += queue[count++]!.size;
      const taken = queue.slice(0, count);
      queue = queue.slice(count);
      return taken;
    },
    settle,
    committed: (request) => void pending.delete(request),
    get queued() {
      return queue.length;
    },
    get records() {
      return records;
    },
    get oldestMs() {
      return ageOf(pending);
    },
    get allAnswered() {
      return unanswered.size === 0;
    },
    async untilAnswered() {
      if (unanswered.size > 0) await new Promise<void>((resolve) => (onAllAnswered = resolve));
    },
    stop: () => cancel?.(),
  };
}

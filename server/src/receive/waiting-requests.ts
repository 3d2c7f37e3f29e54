import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';

/** Queue of requests that have arrived and have not been answered yet, oldest first. */
export interface WaitingRequests<P> {
  add(request: Omit<WaitingRequest<P>, 'since'>): void;
  /**
   * Removes the oldest requests from the queue and returns them for a write. Together they have at
   * most `maxRecords` records, unless the oldest request alone has more.
   */
  take(maxRecords: number): WaitingRequest<P>[];
  /** Answers the requests with success, or with `error` if it is given. */
  settle(requests: readonly WaitingRequest<P>[], error?: unknown): void;
  /**
   * Reports that the request is committed, although its answer is outstanding. It then no longer
   * counts as waiting for a commit.
   */
  committed(request: WaitingRequest<P>): void;
  /** Number of requests whose write has not begun. */
  readonly queued: number;
  /** Number of records in requests that are not committed or not answered yet. */
  readonly records: number;
  /** Time that the oldest request has waited for its commit, ms; 0 if none is waiting. */
  readonly oldestMs: number;
  readonly allAnswered: boolean;
  /** Resolves when every request has been answered. */
  untilAnswered(): Promise<void>;
  stop(): void;
}

/** A request in the queue. `P` is the type of its prepared form. */
export interface WaitingRequest<P> {
  prepared: P;
  /** Number of records in the request. */
  size: number;
  /** Time of arrival, epoch ms. */
  since: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Maximum time until every request is answered, ms, even if its commit hangs. Exporters time out
 * after 10 s and then send the request again.
 */
const ANSWER_MS = 8000;

/**
 * Creates an empty queue. `onLate` is called with the number of requests that were answered with an
 * error, because the store did not respond in time.
 */
export function createWaitingRequests<P>(
  clock: Clock,
  onLate: (requests: number, error: FermataError) => void,
): WaitingRequests<P> {
  let queue: WaitingRequest<P>[] = [];
  /**
   * Requests that are not committed yet. If a commit hangs, its requests stay in this set even
   * after they have been answered with an error.
   */
  const pending = new Set<WaitingRequest<P>>();
  /** Requests that have not been answered yet, whether committed or not. */
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
   * Answers all requests that have waited too long with a retryable error. Their commit may still
   * succeed, but this is unknown, so senders should send them again.
   */
  const answerLate = (): void => {
    cancel = undefined;
    const error = new FermataError('store.unavailable', 'the store did not answer in time', {
      retryable: true,
    });
    const until = clock.now() - ANSWER_MS;
    const late = new Set([...unanswered].filter(({ since }) => since <= until));
    // Remove late requests from the queue, so that they are not written after they were answered
    // with an error.
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

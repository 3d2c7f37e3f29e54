import type { Clock } from '../base/clock.ts';
import { FermataError } from '../base/errors.ts';

/** Requests between their arrival and their answer, oldest first. */
export interface WaitingRequests<P> {
  add(request: Omit<WaitingRequest<P>, 'since'>): void;
  /** The next requests to be written, at most so many records together, but one at least. */
  take(maxRecords: number): WaitingRequest<P>[];
  /** Answers these: their commit took place, or did not because of `error`. */
  settle(requests: readonly WaitingRequest<P>[], error?: unknown): void;
  /** This one is committed and waits for something else now: it makes no other wait. */
  committed(request: WaitingRequest<P>): void;
  /** Requests that are not being written yet. */
  readonly queued: number;
  /** Records that are not committed, or committed and not answered. */
  readonly records: number;
  /** How long the oldest request waits for its commit, ms; 0: none waits. */
  readonly oldestMs: number;
  readonly allAnswered: boolean;
  /** Resolves when each has its answer. */
  untilAnswered(): Promise<void>;
  stop(): void;
}

/** `P`: a request as it waits. */
export interface WaitingRequest<P> {
  prepared: P;
  /** Records. */
  size: number;
  /** Its arrival, ms. */
  since: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Each request is answered within this, also where a commit hangs: exporters give up after 10 s,
 * and send it again.
 */
const ANSWER_MS = 8000;

/** `onLate`: so many were answered that the store did not answer in time. */
export function createWaitingRequests<P>(
  clock: Clock,
  onLate: (requests: number, error: FermataError) => void,
): WaitingRequests<P> {
  let queue: WaitingRequest<P>[] = [];
  /** Not committed. Of a commit that hangs, also those that were told so. */
  const pending = new Set<WaitingRequest<P>>();
  /** Committed or not. */
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
   * Whether a commit that hangs takes place is not known then: a sender that repeats it is right.
   */
  const answerLate = (): void => {
    cancel = undefined;
    const error = new FermataError('store.unavailable', 'the store did not answer in time', {
      retryable: true,
    });
    const until = clock.now() - ANSWER_MS;
    const late = new Set([...unanswered].filter(({ since }) => since <= until));
    // What is not being written needs not be, any more.
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

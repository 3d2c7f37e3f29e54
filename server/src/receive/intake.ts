import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { createCommitFailures } from './commit-failures.ts';
import { createWaitingRequests, type WaitingRequest } from './waiting-requests.ts';

/**
 * Queues requests in front of the store, commits concurrent requests together, and answers each
 * request after its commit (invariant I2). The queue is limited: when it is full, requests are
 * refused with a retryable error and never dropped.
 */
export interface Intake {
  /**
   * Resolves when all records of the request are committed and correlated. Rejects with a retryable
   * error if the queue is full, the server is stopping or the store cannot write.
   */
  offer(request: OtlpExport): Promise<void>;
  readonly waiting: number;
  /** Time for which the oldest request has waited for its commit, in ms; 0 if no request waits. */
  readonly oldestMs: number;
  /**
   * Refuses new requests and commits the waiting ones. Resolves when every request has an answer.
   * Calling it again does nothing.
   */
  stop(): Promise<void>;
}

/** `P` is the type of a request after `prepare`. Requests wait for their commit in this form. */
export interface IntakeOptions<P> {
  clock: Clock;
  counters: Counters;
  log: Log;
  /**
   * Most records that may wait for a commit or be in one. Requests beyond this number are refused.
   */
  maxWaiting: number;
  /** Most records in one commit. */
  maxCommit: number;
  /**
   * A commit waits for `lingerMs` for further requests. It waits longer if the last commit took
   * longer, but at most `mostLingerMs`, because a commit costs the same however few records it has.
   */
  lingerMs: number;
  mostLingerMs: number;
  /**
   * Prepares a request as soon as it arrives, in the order of arrival. The request itself need not
   * be kept after that; once decoded, it is many times larger than its prepared form.
   */
  prepare(request: OtlpExport): P;
  /**
   * Writes a batch of requests. The records are durable when the promise resolves. The next write
   * may start before `correlate` of this batch has run.
   */
  write(prepared: P[]): Promise<WrittenBatch<P>>;
  /**
   * Returns the reason why no request can be accepted now, if that is known before a write is
   * tried.
   */
  refusal?(): FermataError | null;
  /**
   * Reports the outcome of a commit: `failure` is the cause if the commit failed, and absent if it
   * succeeded.
   */
  onCommit?(failure?: unknown): void;
}

/**
 * Holds what is left to do for a batch after its write. Batches are correlated one after the other,
 * in the order of their commits.
 */
export interface WrittenBatch<P> {
  correlate(): Promise<void>;
  /**
   * Called after `correlate`. Returns a promise if this one request has to wait for something more;
   * the request is then answered when the promise settles, and other requests do not wait for it.
   */
  later?(prepared: P): Promise<void> | undefined;
}

/**
 * If the oldest request has waited for its commit longer than this, new requests are refused
 * immediately, because their senders would give up before the answer.
 */
const OLD_MS = 5000;

export function createIntake<P>(options: IntakeOptions<P>): Intake {
  const { clock, counters, log } = options;
  const failures = createCommitFailures(clock, counters, log, (cause) => options.onCommit?.(cause));
  const waiting = createWaitingRequests<P>(clock, (requests, error) => {
    counters.add('fermata_late_answers_total', requests);
    failures.report(error);
  });
  let stopping = false;
  let running: Promise<void> | undefined;
  /** Resolves when all batches that were committed so far are correlated. */
  let correlation: Promise<void> = Promise.resolve();
  let lastCommitMs = 0;
  let stopLingering: (() => void) | undefined;

  const linger = (): Promise<void> =>
    new Promise((resolve) => {
      const ms = Math.min(options.mostLingerMs, Math.max(options.lingerMs, lastCommitMs));
      const cancel = clock.after(ms, resolve);
      stopLingering = () => {
        cancel();
        resolve();
      };
    });
  const isAnsweredLater = (
    request: WaitingRequest<P>,
    done: Promise<void> | undefined,
  ): boolean => {
    if (done === undefined) return false;
    waiting.committed(request);
    void done.then(
      () => waiting.settle([request]),
      (cause: unknown) => waiting.settle([request], failures.failed(cause)),
    );
    return true;
  };
  const correlate = async (
    batch: readonly WaitingRequest<P>[],
    written: WrittenBatch<P>,
  ): Promise<void> => {
    // All requests have been answered, so the stop need not wait. The batch will be correlated at
    // the next start.
    if (stopping && waiting.allAnswered) return;
    try {
      await written.correlate();
      options.onCommit?.();
      waiting.settle(
        batch.filter((request) => !isAnsweredLater(request, written.later?.(request.prepared))),
      );
    } catch (cause) {
      waiting.settle(batch, failures.failed(cause));
    }
  };
  const run = async (): Promise<void> => {
    while (waiting.queued > 0) {
      if (!stopping && waiting.records < options.maxCommit) await linger();
      stopLingering = undefined;
      const batch = waiting.take(options.maxCommit);
      if (batch.length === 0) continue;
      const from = clock.now();
      try {
        const written = await options.write(batch.map(({ prepared }) => prepared));
        lastCommitMs = clock.now() - from;
        // The next batch may be written while this one is correlated. Batches are correlated in the
        // order of their commits.
        correlation = correlation.then(() => correlate(batch, written));
      } catch (cause) {
        waiting.settle(batch, failures.failed(cause));
      }
    }
    running = undefined;
  };
  const refusalOf = (size: number): FermataError | null => {
    if (stopping)
      return new FermataError('intake.stopping', 'the server is shutting down', {
        retryable: true,
      });
    const refusal = options.refusal?.() ?? full(size);
    if (refusal !== null) counters.add('fermata_refused_records_total', size);
    return refusal;
  };
  const full = (size: number): FermataError | null => {
    const { records, oldestMs } = waiting;
    if (oldestMs <= OLD_MS && (records === 0 || records + size <= options.maxWaiting)) return null;
    const since = oldestMs > OLD_MS ? `, the oldest for ${Math.round(oldestMs / 1000)} s` : '';
    return new FermataError('intake.full', `${records} records wait to be committed${since}`, {
      retryable: true,
      hint: 'The store is slower than the senders; they will retry. See fermata_intake_waiting at /metrics.',
    });
  };
  return {
    offer(request) {
      const size = request.spans.length + request.logs.length;
      const refusal = refusalOf(size);
      if (refusal !== null) return Promise.reject(refusal);
      return new Promise((resolve, reject) => {
        let prepared: P;
        try {
          prepared = options.prepare(request);
        } catch (cause) {
          return reject(failures.failed(cause));
        }
        waiting.add({ prepared, size, resolve, reject });
        if (waiting.records >= options.maxCommit) stopLingering?.();
        running ??= run();
      });
    },
    get waiting() {
      return waiting.records;
    },
    get oldestMs() {
      return waiting.oldestMs;
    },
    async stop() {
      stopping = true;
      stopLingering?.();
      await waiting.untilAnswered();
      waiting.stop();
    },
  };
}

import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { createCommitFailures } from './commit-failures.ts';
import { createWaitingRequests, type WaitingRequest } from './waiting-requests.ts';

/**
 * Queues requests before they are stored, commits concurrent requests together, and answers each
 * request after its commit (invariant I2). The queue is limited. When it is full, requests are
 * refused with a retryable error and never silently dropped.
 */
export interface Intake {
  /**
   * Resolves when all records of the request are committed and correlated. Rejects with a retryable
   * error if the queue is full, the server is stopping or the store cannot write.
   */
  offer(request: OtlpExport): Promise<void>;
  readonly waiting: number;
  /** Time that the oldest request has waited for its commit, ms; 0 if none is waiting. */
  readonly oldestMs: number;
  /**
   * Refuses new requests, and commits the waiting ones. Resolves when every request has been
   * answered. A second call has no effect.
   */
  stop(): Promise<void>;
}

/**
 * Options of the intake. `P` is the type of a prepared request, the form in which requests wait for
 * their commit.
 */
export interface IntakeOptions<P> {
  clock: Clock;
  counters: Counters;
  log: Log;
  /**
   * Maximum number of records that wait for a commit or are being committed. Further requests are
   * refused.
   */
  maxWaiting: number;
  /** Maximum number of records in one commit. */
  maxCommit: number;
  /**
   * Minimum time that a commit waits for further requests, ms. The wait is as long as the last
   * commit took, and at most `mostLingerMs`, because a commit costs the same for few records as for
   * many.
   */
  lingerMs: number;
  mostLingerMs: number;
  /**
   * Converts a request to its prepared form as soon as it arrives. The decoded request needs many
   * times more memory, and is not kept afterwards. Requests are prepared in the order of arrival.
   */
  prepare(request: OtlpExport): P;
  /**
   * Writes a batch of requests. Once the promise has resolved, the records are durable. The next
   * write may begin before `correlate` of this batch has been called.
   */
  write(prepared: P[]): Promise<WrittenBatch<P>>;
  /**
   * Returns the reason for refusing all requests if it is already known that a write would fail;
   * null otherwise.
   */
  refusal?(): FermataError | null;
  /**
   * Called with the result of a commit. `failure` is the cause of a failed commit, and absent after
   * a success.
   */
  onCommit?(failure?: unknown): void;
}

/**
 * Work that remains after the write of a batch. Batches are correlated one after the other, in the
 * order of their commits.
 */
export interface WrittenBatch<P> {
  correlate(): Promise<void>;
  /**
   * Called after `correlate`. Returns a promise if this request must wait longer, for example for
   * evicted flows. The request is then answered when the promise settles. Other requests do not
   * wait for it.
   */
  later?(prepared: P): Promise<void> | undefined;
}

/**
 * Maximum wait of the oldest request, ms. If it has waited longer, new requests are refused
 * immediately, because their senders would time out before they got an answer.
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
  /** Resolves when all batches committed so far have been correlated. */
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
    // At shutdown, skip correlation if all requests were already answered (after a timeout). The
    // batch is correlated at the next start.
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
        // Correlate the batch in the background, so that the next batch can be written meanwhile.
        // Batches are correlated in the order of their commits.
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

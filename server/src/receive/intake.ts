import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { createCommitFailures } from './commit-failures.ts';
import { createWaitingRequests, type WaitingRequest } from './waiting-requests.ts';

/**
 * A bounded queue in front of the store that groups concurrent requests into one commit and answers
 * each after it (invariant I2). Full means refused with a retryable error, never dropped.
 */
export interface Intake {
  /**
   * Resolves once every record is committed and correlated. Rejects, retryable, when full, stopping
   * or store down.
   */
  offer(request: OtlpExport): Promise<void>;
  readonly waiting: number;
  /** How long the oldest request waits for its commit, ms; 0: none waits. */
  readonly oldestMs: number;
  /** Refuses new requests, commits what waits; resolves once each has its answer. Idempotent. */
  stop(): Promise<void>;
}

/** `P`: a request as it waits. */
export interface IntakeOptions<P> {
  clock: Clock;
  counters: Counters;
  log: Log;
  /** Records waiting or in commit; beyond this requests are refused. */
  maxWaiting: number;
  /** A commit takes at most this many records … */
  maxCommit: number;
  /**
   * … and waits this long for company, ms; longer where commits are slow, because each costs the
   * same however small.
   */
  lingerMs: number;
  mostLingerMs: number;
  /**
   * At once, in the order of arrival: a decoded request is many times larger than what is left of
   * it.
   */
  prepare(request: OtlpExport): P;
  /**
   * Durable once resolved. The next write may start before `correlate` has run for the last one.
   */
  write(prepared: P[]): Promise<WrittenBatch<P>>;
  /** Why nothing can be taken now, where that is known beforehand. */
  refusal?(): FermataError | null;
  /** What became of a commit: `failure` says why there was none. */
  onCommit?(failure?: unknown): void;
}

/** What a finished write leaves to do in order, one batch after the other: correlate. */
export interface WrittenBatch<P> {
  correlate(): Promise<void>;
  /**
   * After that: this request waits for something that others do not need, and is answered when it
   * resolves.
   */
  later?(prepared: P): Promise<void> | undefined;
}

/**
 * While one waits so long for its commit, others are refused at once: their senders would give up
 * before their turn.
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
  /** Correlation of what is committed, one batch after the other. */
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
    // Everybody has an answer: what is committed now is correlated at the next start.
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
        // A batch is correlated while the engine already writes the next one, but always in the
        // order of commits.
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

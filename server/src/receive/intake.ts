import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { ERRORS, FermataError, messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { OtlpExport } from '../model/otlp.ts';

/**
 * A bounded queue in front of the store that groups concurrent requests into one commit and answers each after it
 * (invariant I2). Full means refused with a retryable error, never dropped.
 */
export interface Intake {
  /** Resolves once every record is committed and correlated. Rejects, retryable, when full, stopping or store down. */
  offer(request: OtlpExport): Promise<void>;
  readonly waiting: number;
  /** Refuses new requests, commits what waits. Idempotent. */
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
  /** … and waits this long for company, ms; longer where commits are slow, because each costs the same however small. */
  lingerMs: number;
  mostLingerMs: number;
  /** At once, in the order of arrival: a decoded request is many times larger than what is left of it. */
  prepare(request: OtlpExport): P;
  /** Durable once resolved. The next write may start before `correlate` has run for the last one. */
  write(prepared: P[]): Promise<WrittenBatch<P>>;
}

/** What a finished write leaves to do in order, one batch after the other: correlate. */
export interface WrittenBatch<P> {
  correlate(): Promise<void>;
  /** After that: this request waits for something that others do not need, and is answered when it resolves. */
  later?(prepared: P): Promise<void> | undefined;
}

interface Waiting<P> {
  prepared: P;
  size: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** A store that refuses refuses everything: said once in this time. */
const SAY_AGAIN_MS = 10_000;

export function createIntake<P>(options: IntakeOptions<P>): Intake {
  const { clock, counters, log } = options;
  let queue: Waiting<P>[] = [];
  let waiting = 0;
  let stopping = false;
  let running: Promise<void> | undefined;
  let tail: Promise<void> = Promise.resolve();
  let wake: (() => void) | undefined;

  const takeBatch = (): Waiting<P>[] => {
    let size = 0;
    let count = 0;
    while (count < queue.length && (count === 0 || size + queue[count]!.size <= options.maxCommit)) {
      size += queue[count]!.size;
      count++;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    return batch;
  };
  const settle = (batch: Waiting<P>[], error?: unknown): void => {
    for (const item of batch) {
      waiting -= item.size;
      if (error === undefined) item.resolve();
      else item.reject(error);
    }
  };
  /** What went wrong is the operator's to read, not the sender's. */
  let saidAtMs = -Infinity;
  const notTaken = (cause: unknown): FermataError => {
    counters.add('fermata_commit_failures_total');
    if (clock.now() - saidAtMs >= SAY_AGAIN_MS) {
      saidAtMs = clock.now();
      log.error(
        { detail: messageOf(cause).slice(0, 500) },
        'spans could not be taken; nothing was acknowledged, senders keep them and try again. Check disk space and the store',
      );
    }
    return new FermataError('store.unavailable', ERRORS['store.unavailable'], { retryable: true, cause });
  };
  const late = new Set<Promise<void>>();
  const isAnsweredLater = (item: Waiting<P>, done: Promise<void> | undefined): boolean => {
    if (done === undefined) return false;
    const answered: Promise<void> = done
      .then(
        () => settle([item]),
        (cause: unknown) => settle([item], notTaken(cause)),
      )
      .finally(() => late.delete(answered));
    late.add(answered);
    return true;
  };
  let lastCommitMs = 0;
  const linger = (): Promise<void> =>
    new Promise((resolve) => {
      const ms = Math.min(options.mostLingerMs, Math.max(options.lingerMs, lastCommitMs));
      const cancel = clock.after(ms, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  const run = async (): Promise<void> => {
    while (queue.length > 0) {
      if (!stopping && waiting < options.maxCommit) await linger();
      wake = undefined;
      const batch = takeBatch();
      const from = clock.now();
      try {
        const written = await options.write(batch.map((item) => item.prepared));
        lastCommitMs = clock.now() - from;
        // Correlation of this batch runs while the engine already writes the next one, but always in commit order.
        tail = tail.then(async () => {
          try {
            await written.correlate();
            settle(batch.filter((item) => !isAnsweredLater(item, written.later?.(item.prepared))));
          } catch (cause) {
            settle(batch, notTaken(cause));
          }
        });
      } catch (cause) {
        settle(batch, notTaken(cause));
      }
    }
    running = undefined;
  };
  return {
    offer(request) {
      const size = request.spans.length + request.logs.length;
      if (stopping)
        return Promise.reject(
          new FermataError('intake.stopping', 'the server is shutting down', { retryable: true }),
        );
      if (waiting > 0 && waiting + size > options.maxWaiting) {
        counters.add('fermata_refused_records_total', size);
        return Promise.reject(
          new FermataError('intake.full', `${waiting} records wait to be committed`, {
            retryable: true,
            hint: 'The store is slower than the senders; they will retry. See fermata_intake_waiting at /metrics.',
          }),
        );
      }
      return new Promise((resolve, reject) => {
        let prepared: P;
        try {
          prepared = options.prepare(request);
        } catch (cause) {
          return reject(notTaken(cause));
        }
        queue.push({ prepared, size, resolve, reject });
        waiting += size;
        if (waiting >= options.maxCommit) wake?.();
        running ??= run();
      });
    },
    get waiting() {
      return waiting;
    },
    async stop() {
      stopping = true;
      wake?.();
      await running;
      await tail;
      await Promise.all(late);
    },
  };
}

import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { ERRORS, FermataError, messageOf } from '../base/errors.ts';
import { failureOf } from '../base/failures.ts';
import type { Log } from '../base/log.ts';
import type { OtlpExport } from '../model/otlp.ts';

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

interface Waiting<P> {
  prepared: P;
  size: number;
  since: number;
  resolve(): void;
  reject(error: unknown): void;
}

/** A store that refuses refuses everything: said once in this time. */
const SAY_AGAIN_MS = 10_000;
/**
 * While one waits so long for its commit, others are refused at once: their senders would give up
 * before their turn.
 */
const OLD_MS = 5000;
/**
 * Each is answered within this, also where a commit hangs: exporters give up after 10 s, and send
 * it again.
 */
const ANSWER_MS = 8000;

export function createIntake<P>(options: IntakeOptions<P>): Intake {
  const { clock, counters, log } = options;
  let queue: Waiting<P>[] = [];
  /** Not committed, the oldest first. Of a commit that hangs, also those that were told so. */
  const pending = new Set<Waiting<P>>();
  /** Committed or not, the oldest first. */
  const unanswered = new Set<Waiting<P>>();
  let waiting = 0;
  let stopping = false;
  let running: Promise<void> | undefined;
  let tail: Promise<void> = Promise.resolve();
  let wake: (() => void) | undefined;
  let cancelAnswers: (() => void) | undefined;
  let onAllAnswered: (() => void) | undefined;

  const takeBatch = (): Waiting<P>[] => {
    let size = 0;
    let count = 0;
    while (
      count < queue.length &&
      (count === 0 || size + queue[count]!.size <= options.maxCommit)
    ) {
      size += queue[count]!.size;
      count++;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    return batch;
  };
  const answer = (item: Waiting<P>, error?: unknown): void => {
    if (!unanswered.delete(item)) return;
    if (error === undefined) item.resolve();
    else item.reject(error);
    if (unanswered.size === 0) onAllAnswered?.();
  };
  const settle = (batch: readonly Waiting<P>[], error?: unknown): void => {
    for (const item of batch) {
      waiting -= item.size;
      pending.delete(item);
      answer(item, error);
    }
  };
  const ageOf = (items: ReadonlySet<Waiting<P>>): number => {
    for (const { since } of items) return clock.now() - since;
    return 0;
  };
  /** Whether a commit that hangs takes place is not known then: who sends it again is right. */
  const answerOld = (): void => {
    cancelAnswers = undefined;
    const late = new FermataError('store.unavailable', 'the store did not answer in time', {
      retryable: true,
    });
    const until = clock.now() - ANSWER_MS;
    const old = new Set([...unanswered].filter(({ since }) => since <= until));
    // What is not being written needs not be, any more.
    settle(
      queue.filter((item) => old.has(item)),
      late,
    );
    queue = queue.filter((item) => !old.has(item));
    for (const item of old) answer(item, late);
    if (old.size > 0) {
      counters.add('fermata_late_answers_total', old.size);
      heardOf(late);
    }
    answerOldLater();
  };
  const answerOldLater = (): void => {
    if (unanswered.size === 0 || cancelAnswers !== undefined) return;
    cancelAnswers = clock.after(Math.max(1, ANSWER_MS - ageOf(unanswered)), answerOld);
  };
  /** What went wrong is the operator's to read, not the sender's. */
  let saidAtMs = -Infinity;
  const notTaken = (cause: unknown): FermataError => {
    counters.add('fermata_commit_failures_total');
    counters.add('fermata_commit_failures_by_kind_total', 1, { kind: failureOf(cause).kind });
    heardOf(cause);
    return new FermataError('store.unavailable', ERRORS['store.unavailable'], {
      retryable: true,
      cause,
    });
  };
  const heardOf = (cause: unknown): void => {
    options.onCommit?.(cause);
    if (clock.now() - saidAtMs >= SAY_AGAIN_MS) {
      saidAtMs = clock.now();
      log.error(
        { detail: messageOf(cause).slice(0, 500) },
        'spans could not be taken; nothing was acknowledged, senders keep them and try again. Check disk space and the store',
      );
    }
  };
  const isAnsweredLater = (item: Waiting<P>, done: Promise<void> | undefined): boolean => {
    if (done === undefined) return false;
    pending.delete(item);
    void done.then(
      () => settle([item]),
      (cause: unknown) => settle([item], notTaken(cause)),
    );
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
      if (batch.length === 0) continue;
      const from = clock.now();
      try {
        const written = await options.write(batch.map((item) => item.prepared));
        lastCommitMs = clock.now() - from;
        // Correlation of this batch runs while the engine already writes the next one, but always
        // in commit order.
        tail = tail.then(async () => {
          // Everybody has an answer: what is committed now is correlated at the next start.
          if (stopping && unanswered.size === 0) return;
          try {
            await written.correlate();
            options.onCommit?.();
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
  const full = (size: number): FermataError | null => {
    const oldMs = ageOf(pending);
    if (oldMs <= OLD_MS && (waiting === 0 || waiting + size <= options.maxWaiting)) return null;
    const since = oldMs > OLD_MS ? `, the oldest for ${Math.round(oldMs / 1000)} s` : '';
    return new FermataError('intake.full', `${waiting} records wait to be committed${since}`, {
      retryable: true,
      hint: 'The store is slower than the senders; they will retry. See fermata_intake_waiting at /metrics.',
    });
  };
  return {
    offer(request) {
      const size = request.spans.length + request.logs.length;
      if (stopping)
        return Promise.reject(
          new FermataError('intake.stopping', 'the server is shutting down', { retryable: true }),
        );
      const refusal = options.refusal?.() ?? full(size);
      if (refusal !== null) {
        counters.add('fermata_refused_records_total', size);
        return Promise.reject(refusal);
      }
      return new Promise((resolve, reject) => {
        let prepared: P;
        try {
          prepared = options.prepare(request);
        } catch (cause) {
          return reject(notTaken(cause));
        }
        const item = { prepared, size, since: clock.now(), resolve, reject };
        queue.push(item);
        pending.add(item);
        unanswered.add(item);
        waiting += size;
        answerOldLater();
        if (waiting >= options.maxCommit) wake?.();
        running ??= run();
      });
    },
    get waiting() {
      return waiting;
    },
    get oldestMs() {
      return ageOf(pending);
    },
    async stop() {
      stopping = true;
      wake?.();
      if (unanswered.size > 0) await new Promise<void>((resolve) => (onAllAnswered = resolve));
      cancelAnswers?.();
    },
  };
}

import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { ERRORS, FermataError, messageOf } from '../base/errors.ts';
import { failureOf } from '../base/failures.ts';
import type { Log } from '../base/log.ts';

/**
 * Counts and logs failed commits. The operator must see them, because the sender cannot solve the
 * problem.
 */
export interface CommitFailures {
  /**
   * Counts and logs a failed commit. Returns the error for the sender, which is retryable and does
   * not reveal the cause.
   */
  failed(cause: unknown): FermataError;
  /** Logs that requests were answered with an error because their commit took too long. */
  report(cause: unknown): void;
}

/**
 * Minimum time between two log messages, ms. If the store fails one commit, it usually fails every
 * commit, and logging all of them would flood the log.
 */
const LOG_EVERY_MS = 10_000;

export function createCommitFailures(
  clock: Clock,
  counters: Counters,
  log: Log,
  onFailure: (cause: unknown) => void,
): CommitFailures {
  let loggedAtMs = -Infinity;
  const report = (cause: unknown): void => {
    onFailure(cause);
    if (clock.now() - loggedAtMs < LOG_EVERY_MS) return;
    loggedAtMs = clock.now();
    log.error(
      { detail: messageOf(cause).slice(0, 500) },
      'spans could not be taken; nothing was acknowledged, senders keep them and try again. Check disk space and the store',
    );
  };
  return {
    report,
    failed(cause) {
      counters.add('fermata_commit_failures_total');
      counters.add('fermata_commit_failures_by_kind_total', 1, { kind: failureOf(cause).kind });
      report(cause);
      return new FermataError('store.unavailable', ERRORS['store.unavailable'], {
        retryable: true,
        cause,
      });
    },
  };
}

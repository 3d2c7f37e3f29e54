import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { ERRORS, FermataError, messageOf } from '../base/errors.ts';
import { failureOf } from '../base/failures.ts';
import type { Log } from '../base/log.ts';

/**
 * Commits that did not take place: counted, and logged for the operator, who can mend what the
 * sender cannot.
 */
export interface CommitFailures {
  /** Gives what the sender is answered: retryable, without the cause. */
  failed(cause: unknown): FermataError;
  /** A failure that has its answer already. */
  report(cause: unknown): void;
}

/** A store that refuses refuses everything: it is logged once in this time. */
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

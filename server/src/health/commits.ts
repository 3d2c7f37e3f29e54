import type { Clock } from '../base/clock.ts';
import { failureOf, type Failure } from '../base/failures.ts';
import type { Condition } from './condition.ts';

/**
 * Tracks whether commits succeed. A failure is reported until a commit succeeds. Because senders
 * may stop sending to a server that is not ready, a small probe is written some time after a
 * failure. A successful probe also ends the failure, but the next failure waits twice as long for
 * its probe: a probe may succeed where commits, which are larger, go on failing.
 */
export interface Commits {
  happened(failure?: unknown): void;
  /** Writes the probe if a commit has failed and the probe is due. */
  look(): Promise<void>;
  conditions(): Condition[];
  /** True if a commit succeeded in the last ten seconds. */
  readonly goOn: boolean;
}

export interface CommitsOptions {
  clock: Clock;
  /** Writes a small probe with the same durability as a commit. */
  probe: () => Promise<void>;
  /** Returns the time that the oldest request has waited for its commit, ms. */
  oldestMs: () => number;
}

const FIRST_PROBE_MS = 2000;
const MAX_PROBE_MS = 60_000;
const OLD_MS = 10_000;
const LATELY_MS = 10_000;

export function createCommits({ clock, probe, oldestMs }: CommitsOptions): Commits {
  let failing: { since: number; lastMs: number; failure: Failure } | undefined;
  let probeMs = FIRST_PROBE_MS;
  let succeededMs = -Infinity;
  let probing: Promise<void> | undefined;
  const failed = (cause: unknown): void => {
    const now = clock.now();
    failing = { since: failing?.since ?? now, lastMs: now, failure: failureOf(cause) };
  };
  const tryAgain = async (): Promise<void> => {
    try {
      await probe();
      failing = undefined;
      probeMs = Math.min(MAX_PROBE_MS, 2 * probeMs);
    } catch (cause) {
      failed(cause);
    } finally {
      probing = undefined;
    }
  };
  return {
    happened(failure) {
      if (failure !== undefined) return failed(failure);
      failing = undefined;
      succeededMs = clock.now();
      probeMs = FIRST_PROBE_MS;
    },
    get goOn() {
      return clock.now() - succeededMs <= LATELY_MS;
    },
    async look() {
      if (failing !== undefined && clock.now() - failing.lastMs >= probeMs)
        await (probing ??= tryAgain());
    },
    conditions() {
      const found: Condition[] = [];
      if (failing !== undefined) {
        const { since, failure } = failing;
        const text = `Spans cannot be stored: ${failure.text}`;
        found.push({ id: 'commits-failing', text, hint: failure.hint, blocks: true, since });
      }
      const waits = oldestMs();
      if (waits > OLD_MS)
        found.push({
          id: 'commits-waiting',
          text: `A request has waited ${Math.round(waits / 1000)} s to be stored`,
          hint: 'Is the ClickHouse server, or the disk, overloaded or hanging?',
          blocks: true,
          since: clock.now() - waits,
        });
      return found;
    },
  };
}

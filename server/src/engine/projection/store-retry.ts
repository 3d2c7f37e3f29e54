import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/**
 * Retries a store operation until it succeeds. It must not be skipped, because its flows would not
 * be projected again.
 */
export interface StoreRetry {
  /**
   * Repeats `work` until it succeeds, and resolves to its result; resolves to undefined if the
   * server stops first. `failure` is the log message for a failed attempt.
   */
  untilDone<T>(failure: string, work: () => Promise<T>): Promise<T | undefined>;
  /** Stops the retries: an operation that fails from now on is abandoned. */
  stop(): void;
  /**
   * True after an operation was abandoned. Nothing may be written afterwards, because rows that
   * must be written together could become separated.
   */
  readonly abandoned: boolean;
}

const RETRY_MS = 1000;

export function createStoreRetry(clock: Clock, counters: Counters, log: Log): StoreRetry {
  let state: 'running' | 'stopping' | 'abandoned' = 'running';
  return {
    async untilDone(failure, work) {
      for (;;) {
        try {
          return await work();
        } catch (error) {
          counters.add('fermata_flow_write_failures_total');
          const next = state === 'running' ? 'trying again' : 'that follows at the next start';
          log.error({ detail: messageOf(error).slice(0, 500) }, `${failure}; ${next}`);
          if (state !== 'running') {
            state = 'abandoned';
            return undefined;
          }
          await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
        }
      }
    },
    stop() {
      if (state === 'running') state = 'stopping';
    },
    get abandoned() {
      return state === 'abandoned';
    },
  };
}

import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/**
 * What was projected is not projected again: the store is asked until it does what it is asked for.
 */
export interface StoreRetry {
  /** `failure` says what could not be done. Resolves with undefined where we stop before. */
  untilDone<T>(failure: string, work: () => Promise<T>): Promise<T | undefined>;
  /** From now on a failure is not tried again. */
  stop(): void;
  /**
   * Something failed for good: nothing is written any more, for rows that belong together are not
   * parted.
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

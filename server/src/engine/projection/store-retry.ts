import type { Clock } from '../../base/clock.ts';
import type { Counters } from '../../base/counters.ts';
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';

/**
 * Retries a store operation until it succeeds, because flows are not projected again after a failed
 * operation.
 */
export interface StoreRetry {
  /**
   * Repeats `work` until it succeeds and resolves with its result; resolves with undefined if the
   * server stops first. `failure` describes for the log what failed.
   */
  untilDone<T>(failure: string, work: () => Promise<T>): Promise<T | undefined>;
  /** Ends retrying: an operation that fails from now on is abandoned. */
  stop(): void;
  /**
   * True once an operation was abandoned. Nothing may be written then, because rows that belong
   * together must not be separated.
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

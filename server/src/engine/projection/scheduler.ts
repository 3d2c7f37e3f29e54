import type { Clock } from '../../base/clock.ts';

/**
 * Runs projection cycles, one at a time: `idle → scheduled → running → idle`. Work that becomes due
 * while a cycle runs is a rerun, scheduled at its end. Without that a deadline that fell into a
 * write was missed until the next span came (guarded by projection.test.ts).
 */
export interface Scheduler {
  /** Runs a cycle after `delayMs`, or sooner if one is scheduled already; 0 runs it at once. */
  schedule(delayMs: number): void;
  /** Reports that there is more to do than this cycle does. */
  requestRerun(): void;
  /** Resolves when no cycle is running. */
  idle(): Promise<void>;
  /** Prevents further cycles; resolves when none is running. */
  stop(): Promise<void>;
}

export interface SchedulerOptions {
  clock: Clock;
  run: () => Promise<void>;
  /**
   * Returns the delay, ms, of the next cycle after one that took `tookMs`; null waits until one is
   * scheduled.
   */
  nextDelayMs: (tookMs: number, rerunRequested: boolean) => number | null;
}

type State =
  | { is: 'idle' }
  | { is: 'scheduled'; cancel: () => void }
  | { is: 'running'; end: Promise<void>; rerunRequested: boolean };

const IDLE: State = { is: 'idle' };

export function createScheduler({ clock, run, nextDelayMs }: SchedulerOptions): Scheduler {
  let state: State = IDLE;
  /** A rerun requested while no cycle runs applies to the next one. */
  let rerunRequested = false;
  let stopped = false;

  const begin = (): void => {
    const startedAt = clock.now();
    const running: State = { is: 'running', end: Promise.resolve(), rerunRequested };
    rerunRequested = false;
    state = running;
    running.end = run().finally(() => {
      state = IDLE;
      const delayMs = nextDelayMs(clock.now() - startedAt, running.rerunRequested);
      if (delayMs !== null) schedule(delayMs);
    });
  };
  const schedule = (delayMs: number): void => {
    if (stopped) return;
    if (state.is === 'running') {
      state.rerunRequested = true;
      return;
    }
    if (state.is === 'scheduled') {
      if (delayMs > 0) return;
      state.cancel();
    }
    state = { is: 'scheduled', cancel: clock.after(delayMs, begin) };
  };
  return {
    schedule,
    requestRerun() {
      if (state.is === 'running') state.rerunRequested = true;
      else rerunRequested = true;
    },
    async idle() {
      if (state.is === 'running') await state.end;
    },
    async stop() {
      stopped = true;
      if (state.is === 'scheduled') state.cancel();
      if (state.is === 'running') await state.end;
    },
  };
}

import type { Clock } from '../../base/clock.ts';

/**
 * Runs projection cycles, one at a time: `idle → scheduled → running → idle`. Work that comes up
 * during a cycle requests a rerun, which is scheduled when the cycle ends. Without reruns, a
 * deadline that passed during a write would go unnoticed until the next span arrived (guarded by
 * projection.test.ts).
 */
export interface Scheduler {
  /**
   * Schedules a cycle in `delayMs`. If a cycle is scheduled already, it keeps its time, except that
   * a `delayMs` of 0 makes it run immediately.
   */
  schedule(delayMs: number): void;
  /** Reports that the running cycle leaves work undone, so that another cycle must follow. */
  requestRerun(): void;
  /** Resolves when no projection cycle is running. */
  idle(): Promise<void>;
  /** Prevents further projection cycles. Resolves when the running cycle has ended. */
  stop(): Promise<void>;
}

export interface SchedulerOptions {
  clock: Clock;
  run: () => Promise<void>;
  /**
   * Returns the delay until the next cycle, ms, after a cycle that took `tookMs`; null if no cycle
   * is needed before the next call of `schedule`.
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
  /**
   * True if a rerun was requested while no cycle was running. The next cycle then begins with this
   * request.
   */
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

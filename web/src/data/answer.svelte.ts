import { untrack } from 'svelte';
import type { Problem } from '@fermata/server/contract';
import { ApiError } from './api.ts';
import { lastChange } from './live.svelte.ts';
import { paused } from './paused.svelte.ts';
import { createRest } from './rest.ts';

/** Minimum time between two requests that are made because flows have changed, ms. */
const EVERY_MS = { soon: 2_000, usual: 10_000, seldom: 30_000 };
export type Freshness = keyof typeof EVERY_MS;
const AFTER_FAILURE_MS = 3000;
/**
 * Age at which an answer is requested again even if no flow has changed, ms. It is needed because
 * flows drop out of a range such as "the last hour" as time passes.
 */
const OLD_MS = 60_000;
/** Interval at which it is looked whether an answer is requested again, ms. */
export const LOOK_MS = 1000;

/** Decides when an answer that the server computes from many flows is requested again. */
export class Refresh {
  #everyMs: number;
  #seen: string | null = null;
  #askedMs = -Infinity;
  #restUntilMs = 0;
  #rest: ReturnType<typeof createRest>;

  constructor(freshness: Freshness, rest = createRest()) {
    this.#everyMs = EVERY_MS[freshness];
    this.#rest = rest;
  }

  /**
   * Records that a request begins. Call it before sending, because a change during the request may
   * be missing in its answer.
   */
  asked(): void {
    this.#seen = lastChange();
    this.#askedMs = performance.now();
  }

  answered(): void {
    const nowMs = performance.now();
    this.#restUntilMs = nowMs + this.#rest(nowMs - this.#askedMs);
  }

  /** Records that a request failed, so that it is repeated soon even if no flow changes. */
  failed(): void {
    this.#askedMs = -Infinity;
    this.#restUntilMs = performance.now() + AFTER_FAILURE_MS;
  }

  get isDue(): boolean {
    const nowMs = performance.now();
    if (nowMs < this.#restUntilMs || document.hidden || paused()) return false;
    const ageMs = nowMs - this.#askedMs;
    return ageMs > OLD_MS || (ageMs > this.#everyMs && lastChange() !== this.#seen);
  }
}

/** Calls `ask` each time `refresh` is due, until the returned function is called. */
export function whenDue(refresh: Refresh, ask: () => void): () => void {
  const timer = setInterval(() => {
    if (refresh.isDue) ask();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

/**
 * Keeps the answer to a question up to date. The result of `name` identifies the question: it stays
 * equal while the question does, even if the request's parameters move with a relative time range.
 * When the question changes, the previous answer stays on the screen, marked as `isOld`, until the
 * new one arrives. An `Answer` must be created by a component, because it uses effects.
 */
export class Answer<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** True while `value` is the answer to the previous question. */
  isOld = $state(false);
  #abort: AbortController | null = null;
  #refresh: Refresh;
  #ask: (signal: AbortSignal) => Promise<T>;

  constructor(
    name: () => string,
    ask: (signal: AbortSignal) => Promise<T>,
    freshness: Freshness = 'usual',
  ) {
    this.#ask = ask;
    this.#refresh = new Refresh(freshness);
    // `name` may read state that changes while its result stays the same. `$derived` ensures that
    // the effect runs again only if the result changes.
    const question = $derived(name());
    $effect(() => {
      void question;
      return untrack(() => {
        this.isOld = this.value !== null;
        void this.reload();
        return () => this.#abort?.abort();
      });
    });
    $effect(() => whenDue(this.#refresh, () => void (this.#abort ?? this.reload())));
  }

  async reload(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.#refresh.asked();
    try {
      const value = await this.#ask(abort.signal);
      if (abort.signal.aborted) return;
      this.value = value;
      this.problem = null;
      this.isOld = false;
      this.#refresh.answered();
    } catch (error) {
      if (abort.signal.aborted || !(error instanceof ApiError)) return;
      this.problem = error.problem;
      // A request with an invalid query (status 400) would fail again, so it is not repeated soon.
      if (error.problem.status === 400) this.#refresh.answered();
      else this.#refresh.failed();
    } finally {
      if (this.#abort === abort) this.#abort = null;
    }
  }
}

import { untrack } from 'svelte';
import type { Problem } from '@fermata/server/contract';
import { ApiError } from './api.ts';
import { watch } from './live.svelte.ts';
import { paused } from './paused.svelte.ts';

/** Interval at which an answer is asked for again if flows have changed since, ms. */
const EVERY_MS = 10_000;
const AFTER_FAILURE_MS = 3000;
/**
 * Age at which an answer is asked for again although no flow has changed, ms, because flows leave
 * "the last hour" as time passes.
 */
const OLD_MS = 60_000;
/**
 * An answer is not asked for again before this many times as long has passed as it took, so that a
 * page that stays open leaves the server to others, however much it stores.
 */
const REST_FACTOR = 10;

/**
 * Keeps the answer to a question up to date. A question has a name, which is equal as long as the
 * question is (a relative time has moving ends, but is one question). The answer to the question
 * before stays on the screen, as `isOld`, until the new one is there. Must be created by a
 * component.
 */
export class Answer<T> {
  value = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  /** The value answers an earlier question. */
  isOld = $state(false);
  #abort: AbortController | null = null;
  #hasChanged = false;
  #restUntilMs = 0;
  #askedMs = 0;
  #ask: (signal: AbortSignal) => Promise<T>;

  constructor(name: () => string, ask: (signal: AbortSignal) => Promise<T>, everyMs = EVERY_MS) {
    this.#ask = ask;
    // The name is derived, so that what it is made of may change as long as the question does not.
    const question = $derived(name());
    $effect(() => {
      void question;
      return untrack(() => {
        this.isOld = this.value !== null;
        this.#hasChanged = false;
        void this.reload();
        return () => this.#abort?.abort();
      });
    });
    $effect(() => {
      const changed = (): void => void (this.#hasChanged = true);
      const stop = watch({ kind: 'flows', types: [], statuses: [] }, changed, changed);
      const timer = setInterval(() => {
        const isResting = performance.now() < this.#restUntilMs || document.hidden || paused();
        const isDue = this.#hasChanged || performance.now() - this.#askedMs > OLD_MS;
        if (!isDue || this.#abort !== null || isResting) return;
        this.#hasChanged = false;
        void this.reload();
      }, everyMs);
      return () => {
        clearInterval(timer);
        stop();
      };
    });
  }

  async reload(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const askedMs = performance.now();
    this.#askedMs = askedMs;
    try {
      const value = await this.#ask(abort.signal);
      if (abort.signal.aborted) return;
      this.value = value;
      this.problem = null;
      this.isOld = false;
    } catch (error) {
      if (abort.signal.aborted || !(error instanceof ApiError)) return;
      this.problem = error.problem;
      // A question that the server found invalid stays invalid, so it is not asked again.
      if (error.problem.status !== 400)
        setTimeout(() => (this.#hasChanged = true), AFTER_FAILURE_MS);
    } finally {
      const nowMs = performance.now();
      this.#restUntilMs = nowMs + REST_FACTOR * (nowMs - askedMs);
      if (this.#abort === abort) this.#abort = null;
    }
  }
}

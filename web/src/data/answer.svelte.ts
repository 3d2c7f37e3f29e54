import { untrack } from 'svelte';
import type { Problem } from '@fermata/server/contract';
import { ApiError } from './api.ts';
import { lastChange } from './live.svelte.ts';
import { paused } from './paused.svelte.ts';

/** Least time between two times that an answer is asked for because flows have changed, ms. */
const EVERY_MS = { soon: 2_000, usual: 10_000, seldom: 30_000 };
export type Freshness = keyof typeof EVERY_MS;
const AFTER_FAILURE_MS = 3000;
/**
 * Age at which an answer is asked for again although no flow has changed, ms, because flows leave
 * "the last hour" as time passes.
 */
const OLD_MS = 60_000;
const LOOK_MS = 1000;
/**
 * An answer is not asked for again before this many times as long has passed as it took, so that a
 * page that stays open takes two hundredths of the server, however much that stores.
 */
const REST_FACTOR = 50;
/** A page is not older than this because answers take long, ms. */
const MAX_REST_MS = 30_000;

/** Tells when something that the server computes from many flows is asked for again. */
export class Refresh {
  #everyMs: number;
  #seen: string | null = null;
  #askedMs = -Infinity;
  #restUntilMs = 0;

  constructor(freshness: Freshness) {
    this.#everyMs = EVERY_MS[freshness];
  }

  /** Must be called before the server is asked: what changes from then on is not in its answer. */
  asked(): void {
    this.#seen = lastChange();
    this.#askedMs = performance.now();
  }

  answered(): void {
    const nowMs = performance.now();
    this.#restUntilMs = nowMs + Math.min(MAX_REST_MS, REST_FACTOR * (nowMs - this.#askedMs));
  }

  /** The next look finds that it is due, whatever changed. */
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

/** Calls `ask` whenever `refresh` is due, until the returned function is called. */
export function whenDue(refresh: Refresh, ask: () => void): () => void {
  const timer = setInterval(() => {
    if (refresh.isDue) ask();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

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
  #refresh: Refresh;
  #ask: (signal: AbortSignal) => Promise<T>;

  constructor(
    name: () => string,
    ask: (signal: AbortSignal) => Promise<T>,
    freshness: Freshness = 'usual',
  ) {
    this.#ask = ask;
    this.#refresh = new Refresh(freshness);
    // The name is derived, so that what it is made of may change as long as the question does not.
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
      // A question that the server found invalid stays invalid, so it is not asked again at once.
      if (error.problem.status === 400) this.#refresh.answered();
      else this.#refresh.failed();
    } finally {
      if (this.#abort === abort) this.#abort = null;
    }
  }
}

import { untrack } from 'svelte';
import type { Flow, Problem, SpanList } from '@fermata/server/contract';
import { api, ApiError } from '../../data/api.ts';
import { watch } from '../../data/live.svelte.ts';
import { go } from '../../router.svelte.ts';

const RETRY_MS = 2000;
/**
 * Returns whether a problem may pass by itself: a server that is away or still starting may answer
 * later. Any other problem stays.
 */
const mayPass = (problem: Problem | null): boolean =>
  problem?.status === 0 || problem?.status === 503;

/** Keeps the shown flow up to date, and also its spans while they are shown. */
export class LiveFlow {
  flow = $state.raw<Flow | null>(null);
  spans = $state.raw<SpanList | null>(null);
  problem = $state.raw<Problem | null>(null);
  #wantsSpans: () => boolean;

  constructor(id: () => string, wantsSpans: () => boolean) {
    this.#wantsSpans = wantsSpans;
    $effect(() => {
      const name = id();
      return untrack(() => this.#follow(name));
    });
    $effect(() => {
      if (!wantsSpans()) return;
      api.spans(id()).then(
        (loaded) => (this.spans = loaded),
        () => undefined,
      );
    });
  }

  #follow(name: string): () => void {
    const abort = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    const load = async (): Promise<void> => {
      try {
        this.#take(name, await api.flow(name, abort.signal));
        if (this.#wantsSpans()) this.spans = await api.spans(name);
      } catch (error) {
        if (abort.signal.aborted) return;
        this.#refuse(name, error);
        if (mayPass(this.problem)) retry = setTimeout(() => void load(), RETRY_MS);
      }
    };
    const reload = (): void => void load();
    reload();
    const stop = watch({ kind: 'flow', id: name }, reload, reload);
    return () => {
      abort.abort();
      clearTimeout(retry);
      stop();
    };
  }

  #take(name: string, loaded: Flow): void {
    const shown = this.flow;
    // The flow was found by another id than its own, so the address changes to its own id.
    if (loaded.id !== name) go(`/flow/${encodeURIComponent(loaded.id)}${location.search}`, true);
    else if (!shown || shown.id !== loaded.id || shown.version <= loaded.version)
      this.flow = loaded;
    this.problem = null;
  }

  #refuse(name: string, error: unknown): void {
    if (error instanceof ApiError) this.problem = error.problem;
    // If no flow has the id in the address, the previous flow must not stay on the page.
    if (this.flow && this.flow.id !== name) this.flow = null;
  }
}

import { untrack } from 'svelte';
import type { Flow, Problem, SpanList } from '@fermata/server/contract';
import { api, ApiError } from '../../data/api.ts';
import { watch } from '../../data/live.svelte.ts';
import { go } from '../../router.svelte.ts';
import type { Interval } from '../../timeline/scale.ts';
import { mergePart } from './step-rows.ts';

const RETRY_MS = 2000;
const PART_AFTER_MS = 250;
/** Returns whether a problem is temporary: the server cannot be reached, or is starting. */
const mayPass = (problem: Problem | null): boolean =>
  problem?.status === 0 || problem?.status === 503;

interface Wanted {
  id: () => string;
  /** Returns whether the raw spans are needed. */
  spans: () => boolean;
  /**
   * Returns the interval of the flow, in ms since its start, of which all steps are needed; null
   * for the whole flow.
   */
  part: () => Interval | null;
}

/**
 * Keeps the shown flow up to date, and its spans while they are needed. The server returns only
 * some steps of a large flow; those of the shown interval are loaded in addition.
 */
export class LiveFlow {
  #whole = $state.raw<Flow | null>(null);
  #part = $state.raw<Flow | null>(null);
  spans = $state.raw<SpanList | null>(null);
  problem = $state.raw<Problem | null>(null);
  flow = $derived(this.#whole && mergePart(this.#whole, this.#part));

  constructor(wanted: Wanted) {
    $effect(() => {
      const name = wanted.id();
      return untrack(() => this.#follow(name, this.#whole?.id === name));
    });
    // The spans are requested by the id of the loaded flow, because the URL may name it by a key.
    $effect(() => {
      const id = this.#whole?.id;
      if (id === undefined || !wanted.spans()) return;
      let isCurrent = true;
      api.spans(id).then(
        (loaded) => {
          if (isCurrent) this.spans = loaded;
        },
        () => undefined,
      );
      return () => (isCurrent = false);
    });
    $effect(() => {
      const part = wanted.part();
      const whole = this.#whole;
      if (part === null || whole?.stepPlaces === undefined) return;
      return untrack(() => this.#loadPart(whole.id, part));
    });
  }

  #loadPart(id: string, { from, to }: Interval): () => void {
    const abort = new AbortController();
    // The request is delayed, because the interval changes many times while it is dragged.
    const timer = setTimeout(() => {
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed
      const query = new URLSearchParams({ fromMs: String(from), toMs: String(to) });
      api.flow(id, abort.signal, query).then(
        (loaded) => (this.#part = loaded),
        () => undefined,
      );
    }, PART_AFTER_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }

  /** Keeps a flow up to date. It `isLoaded` if it was just loaded by another of its names. */
  #follow(name: string, isLoaded: boolean): () => void {
    const abort = new AbortController();
    let retry: ReturnType<typeof setTimeout> | undefined;
    if (!isLoaded) this.spans = null;
    const load = async (): Promise<void> => {
      try {
        this.#take(name, await api.flow(name, abort.signal));
      } catch (error) {
        if (abort.signal.aborted) return;
        this.#refuse(name, error);
        if (mayPass(this.problem)) retry = setTimeout(() => void load(), RETRY_MS);
      }
    };
    const reload = (): void => void load();
    const stop = watch({ kind: 'flow', id: name }, reload, reload, isLoaded);
    return () => {
      abort.abort();
      clearTimeout(retry);
      stop();
    };
  }

  #take(name: string, loaded: Flow): void {
    const shown = this.#whole;
    if (!shown || shown.id !== loaded.id || shown.version <= loaded.version) this.#whole = loaded;
    this.problem = null;
    // The URL contained another name of the flow, so it is replaced by the flow's own id.
    if (loaded.id !== name) go(`/flow/${encodeURIComponent(loaded.id)}${location.search}`, true);
  }

  #refuse(name: string, error: unknown): void {
    if (error instanceof ApiError) this.problem = error.problem;
    // If the id in the URL is not found, the previously shown flow is removed.
    if (this.#whole && this.#whole.id !== name) this.#whole = null;
  }
}

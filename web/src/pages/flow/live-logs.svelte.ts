import { untrack } from 'svelte';
import type { FlowLogs, Problem } from '@fermata/server/contract';
import { api, ApiError } from '../../data/api.ts';
import { paused } from '../../data/paused.svelte.ts';
import { whenChanged } from '../../ui/when-changed.svelte.ts';

export interface LogFilter {
  /** Least level; '' for all. */
  severity: string;
  /** '' for all services. */
  service: string;
  text: string;
}

interface Wanted {
  /** The flow; null while it is not loaded. */
  flow: () => { id: string; version: number; isOpen: boolean } | null;
  filter: () => LogFilter;
  /** Whether the records are in sight, so that they are kept up to date. */
  isShown: () => boolean;
}

const PAGE = 500;
/** Maximum of the server for one page. */
const MAX_PAGE = 1000;
/** Log records are not announced, so those of an open flow are asked for again. */
const AGAIN_MS = 5000;
/** While a text is typed it changes many times. */
const AFTER_TYPING_MS = 250;

/**
 * Keeps the log records of a flow that match a filter: the first page of them, and the pages that
 * the user has loaded after it.
 */
export class LiveLogs {
  list = $state.raw<FlowLogs | null>(null);
  problem = $state.raw<Problem | null>(null);
  isLoadingMore = $state(false);
  #wanted: Wanted;
  #abort = new AbortController();

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
    // The flow is a new object with each change of it; its id is mostly the same.
    const id = $derived(wanted.flow()?.id);
    const version = $derived(wanted.flow()?.version);
    const isOpen = $derived(wanted.flow()?.isOpen);
    whenChanged(
      () => [id],
      () => {
        this.list = null;
      },
    );
    const { severity, service, text } = $derived(wanted.filter());
    let typed = '';
    whenChanged(
      () => [id, severity, service, text],
      () => {
        const timer = setTimeout(() => void this.#load(), text === typed ? 0 : AFTER_TYPING_MS);
        typed = text;
        return () => clearTimeout(timer);
      },
    );
    // A change of the flow is a reason to ask again, but not while nobody looks.
    let seen: number | undefined;
    $effect(() => {
      if (!wanted.isShown() || version === undefined) return;
      if (seen !== undefined && seen !== version) untrack(() => void this.#load());
      seen = version;
    });
    $effect(() => {
      if (!wanted.isShown() || paused() || !isOpen) return;
      const timer = setInterval(() => void this.#load(), AGAIN_MS);
      return () => clearInterval(timer);
    });
  }

  #query(more: Record<string, string>): URLSearchParams {
    const { severity, service, text } = this.#wanted.filter();
    // eslint-disable-next-line svelte/prefer-svelte-reactivity -- never changed
    return new URLSearchParams({
      ...(severity && { severity }),
      ...(service && { service }),
      ...(text.trim() && { text: text.trim() }),
      ...more,
    });
  }

  async #load(): Promise<void> {
    const id = this.#wanted.flow()?.id;
    if (id === undefined) return;
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    const limit = Math.min(MAX_PAGE, Math.max(PAGE, this.list?.items.length ?? 0));
    try {
      const loaded = await api.logs(id, this.#query({ limit: String(limit) }), signal);
      if (!signal.aborted) [this.list, this.problem] = [loaded, null];
    } catch (error) {
      if (!signal.aborted && error instanceof ApiError) this.problem = error.problem;
    }
  }

  /** Loads the next page, after those that are there. */
  async more(): Promise<void> {
    const id = this.#wanted.flow()?.id;
    const before = this.list;
    if (id === undefined || !before?.nextCursor || this.isLoadingMore) return;
    this.isLoadingMore = true;
    const { signal } = this.#abort;
    try {
      const query = this.#query({ limit: String(PAGE), cursor: before.nextCursor });
      const next = await api.logs(id, query, signal);
      if (!signal.aborted) this.list = { ...next, items: [...before.items, ...next.items] };
    } catch (error) {
      if (!signal.aborted && error instanceof ApiError) this.problem = error.problem;
    } finally {
      this.isLoadingMore = false;
    }
  }
}

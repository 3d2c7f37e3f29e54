import { untrack } from 'svelte';
import type { FlowLogs, Problem } from '@fermata/server/contract';
import { api, ApiError } from '../../data/api.ts';
import { paused } from '../../data/paused.svelte.ts';
import { whenChanged } from '../../ui/when-changed.svelte.ts';

export interface LogFilter {
  /** Minimum severity; empty for all. */
  severity: string;
  /** Name of a service; empty for all. */
  service: string;
  text: string;
}

interface Wanted {
  /** Returns the flow; null until it is loaded. */
  flow: () => { id: string; version: number; isOpen: boolean } | null;
  filter: () => LogFilter;
  /** Returns whether the records are visible. Only then are they kept up to date. */
  isShown: () => boolean;
}

const PAGE = 500;
/** Maximum page size of the server. */
const MAX_PAGE = 1000;
/**
 * Interval at which records of an open flow are requested, ms. The server does not push log
 * records.
 */
const AGAIN_MS = 5000;
/** Pause in typing after which a changed text is searched for, ms. */
const AFTER_TYPING_MS = 250;

/**
 * Keeps the log records of a flow that match a filter: the first page, and further pages that the
 * user has loaded.
 */
export class LiveLogs {
  list = $state.raw<FlowLogs | null>(null);
  problem = $state.raw<Problem | null>(null);
  isLoadingMore = $state(false);
  #wanted: Wanted;
  #abort = new AbortController();

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
    // The effects below depend on these values and not on the flow, because each update replaces
    // the flow object.
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
    // A new version of the flow causes a reload, but only while the records are visible.
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

  /** Loads the page after the last record. */
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

import { untrack } from 'svelte';
import type { FlowSummary, Problem } from '@fermata/server/contract';
import { api, ApiError } from '../../data/api.ts';
import { createFlowBuffer, type FlowBuffer } from '../../data/flow-buffer.ts';
import { watch } from '../../data/live.svelte.ts';
import { paused } from '../../data/paused.svelte.ts';
import { createRest } from '../../data/rest.ts';
import { type Filter, matcher, needsServer, problemOf, toQuery } from '../../data/filter.ts';
import { isNewestFirst, orderParameters, type ListOrder } from '../../data/order.ts';
import { freezeList } from './freeze-list.ts';

/** Number of flows of the first page, which is small because it is shown as soon as possible. */
const FIRST_PAGE = 200;
const PAGE = 1000;
const MAX_SHOWN = 100_000;
/**
 * Delay of a reload after pushed changes, ms. It applies to lists that only the server can filter
 * or sort.
 */
const AFTER_CHANGES_MS = 1000;
const AGAIN_MS = 10_000;

/**
 * Keeps a filtered list up to date while flows arrive, change and stop matching the filter. No row
 * moves while `reading` returns true.
 */
export class LiveFlows {
  flows = $state.raw<FlowSummary[]>([]);
  total = $state(0);
  problem = $state.raw<Problem | null>(null);
  loaded = $state(false);
  /** Number of changes that were pushed while live updates were paused. */
  held = $state(0);
  /** Number of new flows that are held back until the reader asks for them. */
  fresh = $state(0);
  #buffer: FlowBuffer | null = null;
  #filter: Filter;
  #order: ListOrder;
  #cursor: string | null = null;
  #frame = 0;
  #again: ReturnType<typeof setTimeout> | undefined;
  /** Time before which a list that only the server can filter is not loaded again, ms. */
  #restUntilMs = 0;
  #load: () => Promise<void> = async () => {};
  #reading: () => boolean;

  constructor(filter: () => Filter, order: () => ListOrder, reading: () => boolean) {
    this.#filter = untrack(filter);
    this.#order = untrack(order);
    this.#reading = reading;
    $effect(() => {
      if (!reading()) untrack(() => this.#draw());
    });
    $effect(() => {
      if (paused()) return;
      this.held = 0;
      untrack(() => this.#draw());
    });
    $effect(() => {
      const [current, sorted] = [filter(), order()];
      return untrack(() => this.#follow(current, sorted));
    });
    $effect(() => {
      const timer = setInterval(() => this.#expire(), 1000);
      return () => clearInterval(timer);
    });
  }

  takeIn(): void {
    if (this.#buffer) this.#show(this.#buffer.list(), false);
  }

  /** Loads the next page of the list, if there is one. */
  async more(): Promise<void> {
    if (this.#cursor === null || !this.#buffer) return;
    const buffer = this.#buffer;
    const cursor = this.#cursor;
    const query = this.#query(PAGE);
    query.set('cursor', cursor);
    this.#cursor = null;
    const page = await api.flows(query).catch(() => null);
    if (buffer !== this.#buffer) return;
    buffer.snapshot(page?.items ?? []);
    this.#cursor = page === null ? cursor : page.nextCursor;
    this.#draw();
  }

  /**
   * True if only the server can filter or sort the list. It is then reloaded after changes, instead
   * of merging them.
   */
  get #isServers(): boolean {
    return needsServer(this.#filter) || !isNewestFirst(this.#order);
  }
  /**
   * False while the user reads further pages of the list. A reload returns at most `PAGE` rows, so
   * the further ones would be lost.
   */
  get #mayReload(): boolean {
    return this.flows.length <= PAGE || !this.#reading();
  }
  #query(limit: number): URLSearchParams {
    const query = toQuery(this.#filter, Date.now(), limit);
    for (const [name, value] of Object.entries(orderParameters(this.#order)))
      if (value !== '') query.set(name, value);
    return query;
  }

  #follow(filter: Filter, order: ListOrder): () => void {
    this.#filter = filter;
    this.#order = order;
    const isServers = this.#isServers;
    const buffer = createFlowBuffer(() => matcher(filter, Date.now()), MAX_SHOWN, isServers);
    this.#buffer = buffer;
    this.#cursor = null;
    this.loaded = false;
    this.problem = problemOf(filter);
    if (this.problem) return () => undefined;
    const abort = new AbortController();
    const rest = createRest();
    this.#restUntilMs = 0;
    this.#load = async () => {
      const askedMs = performance.now();
      try {
        const shown = Math.min(PAGE, Math.max(FIRST_PAGE, this.flows.length));
        const limit = this.loaded ? shown : FIRST_PAGE;
        const page = await api.flows(this.#query(limit), abort.signal);
        const nowMs = performance.now();
        this.#restUntilMs = nowMs + rest(nowMs - askedMs);
        if (isServers) buffer.clear();
        buffer.snapshot(page.items);
        this.total = page.total;
        this.#cursor = page.nextCursor;
        this.problem = null;
        // The first result is shown immediately and not in the next frame, because until then the
        // page would say "no flows".
        if (this.loaded) this.#draw();
        else this.#show(buffer.list(), false);
        this.loaded = true;
      } catch (error) {
        if (abort.signal.aborted) return;
        if (error instanceof ApiError) this.problem = error.problem;
        // A request with an invalid query (status 400) would fail again, so it is not repeated.
        if (this.problem?.status !== 400) this.#loadIn(2000);
      }
    };
    const stop = watch(
      { kind: 'flows', types: filter.type === '' ? [] : [filter.type], statuses: [] },
      (changes) => {
        if (paused()) this.held += changes.length;
        if (isServers) {
          if (this.#mayReload) this.#loadIn(AFTER_CHANGES_MS);
        } else {
          const before = buffer.list().length;
          buffer.apply(changes);
          this.total += Math.max(0, buffer.list().length - before);
          this.#draw();
        }
      },
      () => void this.#load(),
    );
    return () => {
      abort.abort();
      clearTimeout(this.#again);
      this.#again = undefined;
      stop();
    };
  }

  /** Loads the first page again after a time, or later if the server needs a pause until then. */
  #loadIn(ms: number): void {
    this.#again ??= setTimeout(
      () => {
        this.#again = undefined;
        // Nobody sees a hidden page. It is loaded again when it is shown.
        if (document.hidden) this.#loadIn(AFTER_CHANGES_MS);
        else void this.#load();
      },
      Math.max(ms, this.#restUntilMs - performance.now()),
    );
  }

  /**
   * Updates the list as time passes: without any pushed change, flows drop out of "the last 15
   * minutes", and others begin to match `duration>5m`.
   */
  #expire(): void {
    if (paused() || !this.loaded || !this.#buffer) return;
    if (this.#isServers) {
      if (this.#mayReload) this.#loadIn(AGAIN_MS);
      return;
    }
    const oldest = this.flows[this.flows.length - 1];
    if (!oldest || matcher(this.#filter, Date.now())(oldest)) return;
    if (this.#cursor === null) this.total = this.#buffer.list().length;
    else this.#loadIn(AGAIN_MS);
    this.#draw();
  }

  /** Shows the list at the next animation frame, at most once per frame. */
  #draw(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (this.#buffer && this.loaded && !paused())
        this.#show(this.#buffer.list(), this.#reading());
    });
  }

  #show(latest: FlowSummary[], hold: boolean): void {
    const { flows, held } = hold ? freezeList(this.flows, latest) : { flows: latest, held: 0 };
    this.flows = flows;
    this.fresh = held;
  }
}

import { SvelteMap } from 'svelte/reactivity';
import { LOOK_MS, Refresh } from './answer.svelte.ts';
import { api } from './api.ts';
import { readFilter, toQuery } from './filter.ts';
import { ASIDE_FACTOR, createRest } from './rest.ts';

const counts = new SvelteMap<string, number>();

/** Returns the number of flows that a named view finds; 0 until they have been counted. */
export const viewCount = (address: string): number => counts.get(address) ?? 0;

/** Maximum pause after a view was counted, ms. Some views need a long look at many flows. */
const MAX_REST_MS = 120_000;

/**
 * Counts the flows of named views, one view after another, and each again when flows change, until
 * the returned function is called. A view that takes long is counted less often than the others.
 * The first count begins a moment later, because what the page itself asks for comes first.
 */
export function countViews(addresses: readonly string[]): () => void {
  const views = addresses.map((address) => ({
    address,
    refresh: new Refresh('seldom', createRest(MAX_REST_MS, ASIDE_FACTOR)),
  }));
  let isBusy = false;
  let isOver = false;
  const count = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (const { address, refresh } of views) {
      if (!refresh.isDue) continue;
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read once, never rendered
      const filter = readFilter(new URLSearchParams(address.split('?')[1]));
      refresh.asked();
      const page = await api.flows(toQuery(filter, Date.now(), 0)).catch(() => null);
      if (isOver) return;
      if (page === null) refresh.failed();
      else {
        refresh.answered();
        counts.set(address, page.total);
      }
    }
    isBusy = false;
  };
  const timer = setInterval(() => void count(), LOOK_MS);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

import { SvelteMap } from 'svelte/reactivity';
import { api } from './api.ts';
import { paused } from './paused.svelte.ts';
import { readFilter, toQuery } from './filter.ts';

/** Interval at which the flows of views are counted, ms: each count reads all flows. */
const EVERY_MS = 30_000;
const counts = new SvelteMap<string, number>();

/** Returns how many flows a view finds; 0 while that is not known. */
export const viewCount = (address: string): number => counts.get(address) ?? 0;

/** Counts the flows of views, one after the other, until the returned function is called. */
export function countViews(addresses: readonly string[]): () => void {
  let isBusy = false;
  let isOver = false;
  const count = async (): Promise<void> => {
    if (isBusy || paused() || document.hidden) return;
    isBusy = true;
    for (const address of addresses) {
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read once, never rendered
      const filter = readFilter(new URLSearchParams(address.split('?')[1]));
      const page = await api.flows(toQuery(filter, Date.now(), 1)).catch(() => null);
      if (isOver) return;
      if (page !== null) counts.set(address, page.total);
    }
    isBusy = false;
  };
  void count();
  const timer = setInterval(() => void count(), EVERY_MS);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

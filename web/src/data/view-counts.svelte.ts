import { SvelteMap } from 'svelte/reactivity';
import { Refresh, whenDue } from './answer.svelte.ts';
import { api } from './api.ts';
import { readFilter, toQuery } from './filter.ts';

const counts = new SvelteMap<string, number>();

/** Returns the number of flows that a named view finds; 0 until they have been counted. */
export const viewCount = (address: string): number => counts.get(address) ?? 0;

/**
 * Counts the flows of named views, one view after another, and again when flows change, until the
 * returned function is called. The first count begins a moment later, because what the page itself
 * asks for comes first.
 */
export function countViews(addresses: readonly string[]): () => void {
  const refresh = new Refresh('seldom');
  let isBusy = false;
  let isOver = false;
  const count = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    refresh.asked();
    for (const address of addresses) {
      // eslint-disable-next-line svelte/prefer-svelte-reactivity -- read once, never rendered
      const filter = readFilter(new URLSearchParams(address.split('?')[1]));
      const page = await api.flows(toQuery(filter, Date.now(), 0)).catch(() => null);
      if (isOver) return;
      if (page !== null) counts.set(address, page.total);
    }
    refresh.answered();
    isBusy = false;
  };
  const stop = whenDue(refresh, () => void count());
  return () => {
    isOver = true;
    stop();
  };
}

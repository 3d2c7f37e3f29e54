import type { Component } from 'svelte';
import type { Filter } from '../../data/filter.ts';

/** A tab of the explorer. Its component is loaded when the tab is first shown. */
export interface Tab {
  name: string;
  label: string;
  load: () => Promise<{ default: Component<{ filter: Filter }> }>;
}

export const TABS: readonly Tab[] = [
  { name: 'list', label: 'List', load: () => import('./List.svelte') },
  { name: 'map', label: 'Map', load: () => import('../map/Map.svelte') },
  { name: 'latency', label: 'Latency', load: () => import('../latency/Latency.svelte') },
  { name: 'variants', label: 'Variants', load: () => import('../variants/Variants.svelte') },
  { name: 'failures', label: 'Failures', load: () => import('../failures/Failures.svelte') },
  {
    name: 'differences',
    label: 'Differences',
    load: () => import('../differences/Differences.svelte'),
  },
];

/** Returns the tab with this name; the list if there is no such tab. */
export const tabOf = (name: string | null): Tab =>
  TABS.find((tab) => tab.name === name) ?? TABS[0]!;

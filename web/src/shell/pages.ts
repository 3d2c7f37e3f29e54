import type { Component } from 'svelte';
import type { Page } from './route.ts';

/** Pages whose URL can contain an id. Without an id, `id` is null and the page shows a list. */
export const PAGES_OF_ONE: Partial<Record<Page, Load<{ id: string | null }>>> = {
  flow: () => import('../pages/flow/Page.svelte'),
  incidents: () => import('../pages/incidents/Page.svelte'),
};

type Load<Props extends object> = () => Promise<{ default: Component<Props> }>;

/** Pages whose URL contains no id. Each is loaded when it is first shown. */
export const PAGES: Partial<Record<Page, Load<Record<string, never>>>> = {
  overview: () => import('../pages/overview/Page.svelte'),
  flows: () => import('../pages/explore/Page.svelte'),
  alerts: () => import('../pages/alerts/Page.svelte'),
  services: () => import('../pages/services/Page.svelte'),
  settings: () => import('../pages/settings/Page.svelte'),
  connect: () => import('../pages/connect/Page.svelte'),
};
export const NOWHERE: Load<Record<string, never>> = () => import('../pages/Nowhere.svelte');

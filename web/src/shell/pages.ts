import type { Component } from 'svelte';
import type { Page } from './route.ts';

/** Pages of one thing, whose id (or null, for a list of them) the address names. */
export const PAGES_OF_ONE: Partial<Record<Page, Load<{ id: string | null }>>> = {
  flow: () => import('../pages/flow/Page.svelte'),
  incidents: () => import('../pages/incidents/Page.svelte'),
};

type Load<Props extends object> = () => Promise<{ default: Component<Props> }>;

/** All other pages. A page is loaded when it is first shown. */
export const PAGES: Partial<Record<Page, Load<Record<string, never>>>> = {
  overview: () => import('../pages/overview/Page.svelte'),
  flows: () => import('../pages/explore/Page.svelte'),
  alerts: () => import('../pages/alerts/Page.svelte'),
  services: () => import('../pages/services/Page.svelte'),
  settings: () => import('../pages/settings/Page.svelte'),
  connect: () => import('../pages/connect/Page.svelte'),
};
export const NOWHERE: Load<Record<string, never>> = () => import('../pages/Nowhere.svelte');

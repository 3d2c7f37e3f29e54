import { readFilter, type Filter } from '../../data/filter.ts';

/** Tabs of the page of services. */
export const VIEWS = [
  ['services', 'Services'],
  ['messages', 'Messages'],
  ['coordination', 'Coordination'],
] as const;
export type View = (typeof VIEWS)[number][0];

export const readView = (text: string | null): View =>
  VIEWS.find(([name]) => name === text)?.[0] ?? 'services';

/** Returns a filter for all flows in the environment and time range of the page. */
export const scopeFilter = (query: URLSearchParams): Filter => ({
  ...readFilter(query),
  ...{ q: '', type: '', status: '', service: '', incident: '' },
});

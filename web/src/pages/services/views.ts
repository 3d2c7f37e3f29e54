import { readFilter, type Filter } from '../../data/filter.ts';

/** Ways to look at services. */
export const VIEWS = [
  ['services', 'Services'],
  ['messages', 'Messages'],
  ['coordination', 'Coordination'],
] as const;
export type View = (typeof VIEWS)[number][0];

export const readView = (text: string | null): View =>
  VIEWS.find(([name]) => name === text)?.[0] ?? 'services';

/** Returns the filter of all flows in the environment and time of the page. */
export const scopeFilter = (query: URLSearchParams): Filter => ({
  ...readFilter(query),
  ...{ q: '', type: '', status: '', service: '', incident: '' },
});

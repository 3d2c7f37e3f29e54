import type { SavedView } from '@fermata/server/contract';
import { savedViews } from './catalog.svelte.ts';

/**
 * A view of the explorer with a name. Its address contains the search, the time range and the tab.
 */
export interface NamedView {
  name: string;
  address: string;
  isBuiltIn: boolean;
}

/** Views that exist without being saved. */
const BUILT_IN: readonly (readonly [name: string, query: string])[] = [
  ['Stuck now', 'status=stuck'],
  ['Late', 'status=late'],
  ['Failed today', 'status=failed&range=today'],
  ['Retrying', `q=${encodeURIComponent('retries>0 -outcome:*')}`],
  ['Unusually slow', `q=${encodeURIComponent('duration>p95')}&range=1h`],
  ['New variants', 'q=finding:new-variant'],
];

const viewOf = ({ name, q, state }: SavedView): NamedView => ({
  name,
  address: `/flows?${state ?? new URLSearchParams({ q }).toString()}`,
  isBuiltIn: false,
});

export const namedViews = (): NamedView[] => [
  ...BUILT_IN.map(([name, query]) => ({ name, address: `/flows?${query}`, isBuiltIn: true })),
  ...savedViews().map(viewOf),
];

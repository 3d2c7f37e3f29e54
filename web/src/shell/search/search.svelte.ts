import { go, here, setQuery } from '../../router.svelte.ts';
import { carried } from '../../data/scope.ts';
import { createSearchLine } from './search-line.ts';

/**
 * The query that was last set by typing. Further typing replaces the history entry of this query,
 * so that a query is one entry, however long it took to type.
 */
let written = '';

/**
 * The one search line of the dashboard. On a page without flows its query leads to the explorer.
 */
export const line = createSearchLine((text) => {
  const { path, query } = here();
  const before = query.get('q') ?? '';
  const replace = before !== '' && before === written;
  written = text;
  if (path === '/flows') setQuery({ q: text }, replace);
  else if (text.trim() !== '') go(carried(`/flows?q=${encodeURIComponent(text)}`, query));
});

/**
 * Applies a choice as a history entry of its own. A query that was typed before is applied first.
 */
export function choose(changes: Record<string, string>): void {
  if (changes['q'] === undefined) line.askNow();
  setQuery(changes, false);
}

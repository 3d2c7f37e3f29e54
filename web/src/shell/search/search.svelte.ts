import { go, here, setQuery } from '../../router.svelte.ts';
import { carried } from '../../data/scope.ts';
import { createSearchLine } from './search-line.ts';

/**
 * The query that typing last put into the URL. Further typing replaces its history entry, so that a
 * query is one entry however long it took to type.
 */
let written = '';

/**
 * The state of the dashboard's only search field. On a page that shows no flows, a query opens the
 * explorer.
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
 * Changes URL parameters as a new history entry. A typed query that has not run yet is applied
 * first.
 */
export function choose(changes: Record<string, string>): void {
  if (changes['q'] === undefined) line.askNow();
  setQuery(changes, false);
}

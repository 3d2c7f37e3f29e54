import type { FlowList } from '@fermata/server/contract';
import { NOTHING_USUAL, searchesBefore } from '@fermata/server/words/usual';
import type { Filter } from './filter.ts';

type Ask = (query: URLSearchParams) => Promise<Pick<FlowList, 'total'>>;

/**
 * Explains an empty list of a filter that compares durations with what is usual: nothing is usual
 * if no flow is older than `from`. Returns null if this is not the reason.
 */
export async function usualNote(
  { q, type, environment }: Pick<Filter, 'q' | 'type' | 'environment'>,
  from: string | undefined,
  ask: Ask,
): Promise<string | null> {
  const searches = searchesBefore(q, from);
  const lists = await Promise.all(
    searches.map((search) =>
      ask(
        new URLSearchParams({
          ...(type !== '' && { type }),
          ...(environment !== '' && { environment }),
          ...{ ...search, limit: '1' },
        }),
      ),
    ),
  );
  return lists.length > 0 && lists.every(({ total }) => total === 0) ? NOTHING_USUAL : null;
}

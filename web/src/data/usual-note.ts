import type { FlowList } from '@fermata/server/contract';
import { NOTHING_USUAL } from '@fermata/server/words/usual';
import { toQuery, type Filter } from './filter.ts';

type Ask = (query: URLSearchParams) => Promise<Pick<FlowList, 'isNothingUsual'>>;

/**
 * Explains an empty list of a filter that compares durations with what is usual, if that is not
 * known. Returns null if this is not the reason.
 */
export async function usualNote(filter: Filter, nowMs: number, ask: Ask): Promise<string | null> {
  // Only a query compares with what is usual.
  if (filter.q === '') return null;
  const { isNothingUsual } = await ask(toQuery(filter, nowMs, 0));
  return isNothingUsual ? NOTHING_USUAL : null;
}

import {
  startOfSearch,
  whereUsualIsKnown,
  withoutUsual,
  type FlowSearch,
} from '../model/search.ts';
import type { QueryStore } from '../store/index.ts';

/**
 * Returns whether a search that found nothing did so because it is not known what is usual: flows
 * match all that it demands but the comparison with what is usual, and no flow of their types is
 * older than the time that it asks for.
 */
export async function isNothingUsual(
  store: Pick<QueryStore, 'listFlows'>,
  search: FlowSearch,
): Promise<boolean> {
  const compared = withoutUsual(search);
  // Without a start, the flows themselves are what is usual.
  if (compared === null || startOfSearch(search) === null) return false;
  const count = async (of: FlowSearch): Promise<number> =>
    (await store.listFlows({ ...of, limit: 0 })).total;
  const [matching, known] = await Promise.all([
    count(compared),
    count(whereUsualIsKnown(compared)),
  ]);
  return matching > 0 && known === 0;
}

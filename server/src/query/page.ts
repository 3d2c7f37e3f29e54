import { FermataError } from '../base/errors.ts';

/**
 * Returns one page of a list of flow types or services. The cursor names the last item of the page
 * before. The next page begins after that item, even if its position in the list has changed.
 */
export function pageOf<T extends { environment: string }>(
  all: readonly T[],
  { limit, cursor }: { limit: number; cursor?: string | undefined },
  nameOf: (item: T) => string,
): { items: T[]; nextCursor: string | null } {
  const cursorOf = (item: T): string =>
    Buffer.from(JSON.stringify([item.environment, nameOf(item)])).toString('base64url');
  const from = cursor === undefined ? 0 : all.findIndex((item) => cursorOf(item) === cursor) + 1;
  if (cursor !== undefined && from === 0)
    throw new FermataError('query.invalid', 'cursor: not one of ours, or its item is gone', {
      hint: 'Start again without a cursor.',
    });
  const items = all.slice(from, from + limit);
  const last = items.at(-1);
  const hasMore = from + limit < all.length;
  return { items, nextCursor: hasMore && last !== undefined ? cursorOf(last) : null };
}

import type { FlowList, FlowSummary } from '@fermata/server/contract';

/** Side on which a neighbour is looked for: among flows that started later, or earlier. */
export type Side = 'newer' | 'older';
/**
 * Requests the flows of the list on one side of a flow, the nearest start first. Flows that started
 * at the same instant as the flow are among them. `cursor` is null for the first page.
 */
export type Ask = (side: Side, cursor: string | null) => Promise<FlowList>;
type Place = Pick<FlowSummary, 'id' | 'startedAtUnixNano'>;

/** Returns whether the first flow is newer, in the list's order: by start, then by id. */
const isNewer = (one: Place, other: Place): boolean => {
  const [a, b] = [BigInt(one.startedAtUnixNano), BigInt(other.startedAtUnixNano)];
  return a === b ? one.id > other.id : a > b;
};

/**
 * Returns the next flow in the list on one side of a flow; null if there is none. The first page
 * has it, unless very many flows started at the same instant.
 */
export async function neighbourOf(flow: Place, side: Side, ask: Ask): Promise<FlowSummary | null> {
  let cursor: string | null = null;
  do {
    const page: FlowList = await ask(side, cursor);
    const found = page.items.find((item) =>
      side === 'newer' ? isNewer(item, flow) : isNewer(flow, item),
    );
    if (found !== undefined) return found;
    cursor = page.nextCursor;
  } while (cursor !== null);
  return null;
}

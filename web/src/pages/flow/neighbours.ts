import type { FlowList, FlowSummary } from '@fermata/server/contract';

/**
 * Requests flows of the list that started at `from` or later and before `to` (epoch ns), newest
 * first.
 */
export type Ask = (from: bigint | null, to: bigint | null, limit: number) => Promise<FlowList>;
type Place = Pick<FlowSummary, 'id' | 'startedAtUnixNano'>;

const SECOND = 1_000_000_000n;
const LIMIT = 100;
/** Maximum number of requests: an interval in nanoseconds cannot be halved more often than this. */
const MAX_ASKED = 60;

/** Returns whether the first flow is newer, in the list's order: by start, then by id. */
const isNewer = (one: Place, other: Place): boolean => {
  const [a, b] = [BigInt(one.startedAtUnixNano), BigInt(other.startedAtUnixNano)];
  return a === b ? one.id > other.id : a > b;
};

/** Returns the next older flow in the list; null if there is none. */
export async function olderOf(flow: Place, ask: Ask): Promise<FlowSummary | null> {
  const { items } = await ask(null, BigInt(flow.startedAtUnixNano) + 1n, LIMIT);
  return items.find((item) => isNewer(flow, item)) ?? null;
}

/**
 * Returns the next newer flow in the list; null if there is none. The list starts with the newest
 * flow, which may be a million flows away. Therefore an interval after this flow's start is
 * searched; it grows until it contains flows, and is halved if it contains too many.
 */
export async function newerOf(flow: Place, ask: Ask): Promise<FlowSummary | null> {
  const start = BigInt(flow.startedAtUnixNano);
  const [newest] = (await ask(start, null, 1)).items;
  if (newest === undefined || !isNewer(newest, flow)) return null;
  let empty = 0n;
  let full = BigInt(newest.startedAtUnixNano) - start + 1n;
  let width = full < SECOND ? full : SECOND;
  for (let asked = 0; asked < MAX_ASKED; asked++) {
    const { items, nextCursor } = await ask(start, start + width, LIMIT);
    const nearest = items.findLast((item) => isNewer(item, flow));
    if (nearest !== undefined && nextCursor === null) return nearest;
    if (nearest === undefined && nextCursor === null) empty = width;
    else full = width;
    if (full - empty <= 1n) return nearest ?? newest;
    const wider = nextCursor === null ? width * 16n : 0n;
    width = wider > empty && wider < full ? wider : empty + (full - empty + 1n) / 2n;
    if (nextCursor === null && wider >= full) width = full;
  }
  return newest;
}

import type { FlowList, FlowSummary } from '@fermata/server/contract';

/** Requests flows of the list, newest first, that started from `from` on and before `to`, ns. */
export type Ask = (from: bigint | null, to: bigint | null, limit: number) => Promise<FlowList>;
type Place = Pick<FlowSummary, 'id' | 'startedAtUnixNano'>;

const SECOND = 1_000_000_000n;
const LIMIT = 100;
/** Bound of the requests: no interval in nanoseconds can be halved more often. */
const MAX_ASKED = 60;

/** Compares by start, then by id, as the list does. */
const isNewer = (one: Place, other: Place): boolean => {
  const [a, b] = [BigInt(one.startedAtUnixNano), BigInt(other.startedAtUnixNano)];
  return a === b ? one.id > other.id : a > b;
};

/** Finds the flow below this one in its list. */
export async function olderOf(flow: Place, ask: Ask): Promise<FlowSummary | null> {
  const { items } = await ask(null, BigInt(flow.startedAtUnixNano) + 1n, LIMIT);
  return items.find((item) => isNewer(flow, item)) ?? null;
}

/**
 * Finds the flow above this one in its list. Lists begin with their newest flow, which may be days
 * and a million flows away. So the interval after the flow's start grows until it has flows in it,
 * and halved where it has too many.
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

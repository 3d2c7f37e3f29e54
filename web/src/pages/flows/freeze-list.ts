import type { FlowSummary } from '@fermata/server/contract';

/**
 * Keeps the list still for a reader: the rows that were shown stay, with present values, and older
 * rows from paging follow below. Rows that would push these down are held and counted.
 */
export function freezeList(
  shown: readonly FlowSummary[],
  latest: readonly FlowSummary[],
): { flows: FlowSummary[]; held: number } {
  const there = new Set(shown.map((flow) => flow.id));
  let last = latest.length - 1;
  while (last >= 0 && !there.has(latest[last]!.id)) last--;
  const flows = latest.filter((flow, i) => i > last || there.has(flow.id));
  return { flows, held: latest.length - flows.length };
}

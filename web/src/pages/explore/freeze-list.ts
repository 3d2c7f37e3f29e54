import type { FlowSummary } from '@fermata/server/contract';

/**
 * Returns the list to show while a person reads it, so that no row moves. The rows that were shown
 * stay, with present values, and older rows from paging follow below them. New rows that would push
 * these rows down are held back; `held` is their number.
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

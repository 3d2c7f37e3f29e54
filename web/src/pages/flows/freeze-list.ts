import type { FlowSummary } from '@fermata/server/contract';

/**
 * A list stands still for somebody who reads in it: the rows that were there are shown as they are
 * now, with older ones that paging brought below. What would push rows down is held and counted.
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

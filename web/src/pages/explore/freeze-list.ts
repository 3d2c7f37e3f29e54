import type { FlowSummary } from '@fermata/server/contract';

/**
 * Returns the list to show while a user is reading it, so that no row moves. Rows that are shown
 * stay in place with current values, and rows of further pages follow below them. New rows that
 * would push them down are held back; `held` is their number.
 */
export function freezeList(
  shown: readonly FlowSummary[],
  latest: readonly FlowSummary[],
): { flows: FlowSummary[]; held: number } {
  const there = new Set(shown.map(({ id }) => id));
  const now = new Map(latest.map((flow) => [flow.id, flow]));
  const last = latest.findLastIndex(({ id }) => there.has(id));
  const flows = [
    ...shown.flatMap(({ id }) => now.get(id) ?? []),
    ...latest.slice(last + 1).filter(({ id }) => !there.has(id)),
  ];
  return { flows, held: latest.length - flows.length };
}

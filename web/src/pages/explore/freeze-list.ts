import type { FlowSummary } from '@fermata/server/contract';

/**
 * Returns the list to show while a person reads it, so that no row moves. The rows that were shown
 * stay where they are, with present values, and rows from paging follow below them. New rows that
 * would push these rows down are held back; `held` is their number.
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

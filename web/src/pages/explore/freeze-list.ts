import type { FlowSummary } from '@fermata/server/contract';

interface Frozen {
  flows: FlowSummary[];
  held: number;
}

/**
 * Returns the list to show while a user is reading it, so that no row moves. Rows that are shown
 * stay in place with current values, and rows of further pages follow below them. New rows that
 * would push them down are held back; `held` is their number.
 */
export function freezeList(shown: readonly FlowSummary[], latest: readonly FlowSummary[]): Frozen {
  return inOrder(shown, latest) ?? rearranged(shown, latest);
}

/** Number of times that the list may be searched through for rows that are not in it any more. */
const MAX_SEARCHED = 20;

/**
 * Returns the list if the rows that are shown still follow one another in the same order, perhaps
 * with others between them, or are gone; null if not. It needs no index of the ids, because a list
 * may have 100,000 rows and changes several times a second.
 */
function inOrder(shown: readonly FlowSummary[], latest: readonly FlowSummary[]): Frozen | null {
  const flows: FlowSummary[] = [];
  const gone = new Set<string>();
  let at = 0;
  let searched = 0;
  for (const row of shown) {
    let found = at;
    while (found < latest.length && latest[found] !== row && latest[found]!.id !== row.id) found++;
    if (found < latest.length) {
      flows.push(latest[found]!);
      at = found + 1;
    } else {
      gone.add(row.id);
      searched += found - at;
      if (searched > MAX_SEARCHED * latest.length) return null;
    }
  }
  if (gone.size > 0 && latest.some(({ id }) => gone.has(id))) return null;
  const held = at - flows.length;
  for (; at < latest.length; at++) flows.push(latest[at]!);
  return { flows, held };
}

/** Returns the list where rows are in another order by now. */
function rearranged(shown: readonly FlowSummary[], latest: readonly FlowSummary[]): Frozen {
  const there = new Set(shown.map(({ id }) => id));
  const now = new Map(latest.map((flow) => [flow.id, flow]));
  const last = latest.findLastIndex(({ id }) => there.has(id));
  const flows = [
    ...shown.flatMap(({ id }) => now.get(id) ?? []),
    ...latest.slice(last + 1).filter(({ id }) => !there.has(id)),
  ];
  return { flows, held: latest.length - flows.length };
}

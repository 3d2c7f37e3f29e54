import type { Thickness } from './graph.ts';

/** How the map is shown, as the address says it. */
export interface MapView {
  thickness: Thickness;
  /** Steps in a smaller share of the flows are rare, 0 to 1. */
  minShare: number;
  /** Show rare steps, too. */
  isOpen: boolean;
  isTable: boolean;
  /** Id of the chosen step or message; '' for none. */
  chosen: string;
}

export const MAX_SHARE = 0.5;

export function readView(query: URLSearchParams): MapView {
  const share = Number(query.get('share') ?? 0) / 100;
  return {
    thickness: query.get('thickness') === 'time' ? 'time' : 'flows',
    minShare: share > 0 && share <= MAX_SHARE ? share : 0,
    isOpen: query.get('rare') === 'shown',
    isTable: query.get('as') === 'table',
    chosen: query.get('at') ?? '',
  };
}

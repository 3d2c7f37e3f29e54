import type { Thickness } from './graph.ts';

/** The choices of how the map is shown, which are kept in the URL. */
export interface MapView {
  thickness: Thickness;
  /** Minimum share of flows for a step that is shown, 0 to 1; rarer ones are hidden. */
  minShare: number;
  /** True if rare steps are shown too. */
  isOpen: boolean;
  isTable: boolean;
  /** Id of the selected step or message; empty if there is none. */
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

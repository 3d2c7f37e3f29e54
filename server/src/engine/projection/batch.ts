import { pushAll } from '../../base/lists.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { Taken, Unheard } from './flow-changes.ts';

/**
 * Changes that are written together. If a flow was projected twice, only its later change is
 * written, because it includes spans that arrived after the earlier one.
 */
export interface ProjectedBatch {
  projected: Map<string, FlowChange>;
  unheard: Unheard;
}

export const emptyBatch = (): ProjectedBatch => ({
  projected: new Map(),
  unheard: { ids: [], names: [] },
});

export function addTo({ projected, unheard }: ProjectedBatch, taken: Taken): void {
  for (const change of taken.list) projected.set(change.id, change);
  pushAll(unheard.ids, taken.unheard.ids);
  pushAll(unheard.names, taken.unheard.names);
}

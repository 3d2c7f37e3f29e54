import { pushAll } from '../../base/lists.ts';
import type { FlowChange } from '../../model/flow.ts';
import type { Taken, Unheard } from './flow-changes.ts';

/**
 * Changes that are written together. Of two changes of one flow only the later is written, because
 * spans may have arrived after the earlier one was projected.
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

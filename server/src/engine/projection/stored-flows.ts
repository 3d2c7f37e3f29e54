import { pushAll } from '../../base/lists.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { NameIndex, StoredFlow } from '../../store/index.ts';
import { addTo, type ProjectedBatch } from './batch.ts';
import type { Projector } from './projector.ts';
import type { StoreRetry } from './store-retry.ts';

/**
 * Brings into memory what a projection needs of the store: evicted flows that are due, and flows
 * that only seem new.
 */
export interface StoredFlows {
  /** These are due to be judged again, and not in memory. */
  due(ids: readonly string[]): void;
  /** Rehydrates some of those that are due. Gives whether there are more. */
  rehydrateDue(): Promise<boolean>;
  /**
   * Flows that began anew under names that the store has: what is there belongs to them, and must
   * not be written over. All that this changes is projected at once into the batch, for it has to
   * be written together.
   */
  reconcile(batch: ProjectedBatch): Promise<void>;
}

export interface StoredFlowsOptions {
  store: Pick<NameIndex, 'loadByIds' | 'loadByNames'>;
  projector: Pick<Projector, 'takeChangesOf'>;
  retry: StoreRetry;
  /**
   * Into memory, with all that decides together with them. Gives the keys of flows that this
   * changed.
   */
  rehydrate: (flows: StoredFlow[]) => Promise<readonly FlowKey[]>;
}

/** Flows rehydrated in one go, to be judged again. */
const MAX_REHYDRATED = 250;

export function createStoredFlows({
  store,
  projector,
  retry,
  rehydrate,
}: StoredFlowsOptions): StoredFlows {
  const due: string[] = [];
  return {
    due: (ids) => pushAll(due, ids),
    async rehydrateDue() {
      if (due.length === 0) return false;
      const ids = due.splice(0, MAX_REHYDRATED);
      const isMore = due.length > 0;
      await retry.untilDone('flows could not be read', async () =>
        rehydrate(await store.loadByIds(ids)),
      );
      return isMore;
    },
    async reconcile(batch) {
      while (batch.unheard.ids.length > 0) {
        const ids = batch.unheard.ids.splice(0);
        const names = batch.unheard.names.splice(0);
        const taken = await retry.untilDone('flows could not be looked up', async () => {
          const known = await store.loadByIds(ids);
          if (names.length > 0) pushAll(known, await store.loadByNames(names));
          if (known.length === 0) return null;
          const changed = await rehydrate(known);
          const knownIds = known.map(({ id }) => id);
          for (const id of knownIds) batch.projected.delete(id);
          return projector.takeChangesOf(knownIds, changed);
        });
        if (!taken) return;
        addTo(batch, taken);
      }
    },
  };
}

import { pushAll } from '../../base/lists.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { NameIndex, StoredFlow } from '../../store/index.ts';
import { addTo, type ProjectedBatch } from './batch.ts';
import type { Projector } from './projector.ts';
import type { StoreRetry } from './store-retry.ts';

/**
 * Rehydrates flows from the store for projection: evicted flows that are due for re-evaluation, and
 * flows that seem new but already have rows in the store.
 */
export interface StoredFlows {
  /** Queues the ids of evicted flows that are due for re-evaluation. */
  due(ids: readonly string[]): void;
  /** Rehydrates some of the queued flows. Returns whether more are queued. */
  rehydrateDue(): Promise<boolean>;
  /**
   * Looks up flows of the batch that seem new but may already have rows in the store. Rehydrates
   * those that have rows, so that their rows are updated and not overwritten. All flows that this
   * changes are immediately projected and added to the batch, because they must be written
   * together.
   */
  reconcile(batch: ProjectedBatch): Promise<void>;
}

export interface StoredFlowsOptions {
  store: Pick<NameIndex, 'loadByIds' | 'loadByNames'>;
  projector: Pick<Projector, 'takeChangesOf'>;
  retry: StoreRetry;
  /**
   * Rehydrates flows together with the flows that they depend on. Returns the keys of all flows
   * that this changed.
   */
  rehydrate: (flows: StoredFlow[]) => Promise<readonly FlowKey[]>;
}

/** Maximum number of flows that are rehydrated at once for re-evaluation. */
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

import { pushAll } from '../../base/lists.ts';
import type { FlowKey } from '../../model/keys.ts';
import type { NameIndex, StoredFlow } from '../../store/index.ts';
import { addTo, type ProjectedBatch } from './batch.ts';
import type { Projector } from './projector.ts';
import type { StoreRetry } from './store-retry.ts';

/**
 * Rehydrates flows that a projection needs from the store: evicted flows that are due for
 * re-evaluation, and flows that seem new although the store has rows of them.
 */
export interface StoredFlows {
  /** Queues the ids of evicted flows that are due for re-evaluation. */
  due(ids: readonly string[]): void;
  /** Rehydrates some of the queued flows. Returns whether there are more. */
  rehydrateDue(): Promise<boolean>;
  /**
   * Looks up the flows in the batch that seem new but may have rows in the store, and rehydrates
   * those found, so that the stored row is continued instead of overwritten. Every flow that this
   * changes is immediately projected into the batch, because all of these flows have to be written
   * together.
   */
  reconcile(batch: ProjectedBatch): Promise<void>;
}

export interface StoredFlowsOptions {
  store: Pick<NameIndex, 'loadByIds' | 'loadByNames'>;
  projector: Pick<Projector, 'takeChangesOf'>;
  retry: StoreRetry;
  /**
   * Rehydrates flows with their dependency closures. Returns the keys of flows that this changed.
   */
  rehydrate: (flows: StoredFlow[]) => Promise<readonly FlowKey[]>;
}

/** Maximum number of flows rehydrated in one go for re-evaluation. */
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

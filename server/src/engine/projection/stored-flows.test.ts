import { expect, test } from 'vitest';
import { manualClock } from '../../base/clock.ts';
import { createCounters } from '../../base/counters.ts';
import { silentLog } from '../../base/log.ts';
import type { FlowChange } from '../../model/flow.ts';
import { flowKeyOf, type FlowKey } from '../../model/keys.ts';
import type { StoredFlow } from '../../store/index.ts';
import { emptyBatch, type ProjectedBatch } from './batch.ts';
import type { Changes } from './projector.ts';
import { createStoreRetry } from './store-retry.ts';
import { createStoredFlows } from './stored-flows.ts';

const gone = (id: string, version = 2): FlowChange => ({
  ...{ kind: 'tombstone', id, version, movedTo: null },
});
const key = flowKeyOf('', 'changed', 't');

/**
 * Creates `StoredFlows` over a simulated store that contains flows with the ids `stored`. `then`
 * are the results of projecting the rehydrated flows.
 */
function bench(stored: readonly string[], then: Partial<Changes>[] = []) {
  const retry = createStoreRetry(manualClock(), createCounters(), silentLog);
  const loaded: (readonly string[])[] = [];
  const named: (readonly string[])[] = [];
  const rehydrated: string[][] = [];
  const projected: [ids: string[], keys: readonly FlowKey[]][] = [];
  const state = { isDown: false };
  const flowOf = (id: string): StoredFlow => ({ id, version: 2, members: [], causes: [] });
  const flows = createStoredFlows({
    retry,
    store: {
      async loadByIds(ids) {
        if (state.isDown) throw new Error('down');
        loaded.push(ids);
        return ids.filter((id) => stored.includes(id)).map(flowOf);
      },
      async loadByNames(names) {
        named.push(names);
        return names.filter((name) => stored.includes(name)).map(flowOf);
      },
    },
    projector: {
      takeChangesOf(ids, keys) {
        projected.push([[...ids], keys]);
        const none = { list: [], unheard: { ids: [], names: [] }, isAll: true, cycleEnds: true };
        return { ...none, ...then.shift() };
      },
    },
    async rehydrate(list) {
      rehydrated.push(list.map(({ id }) => id));
      return [key];
    },
  });
  return { flows, retry, state, loaded, named, rehydrated, projected };
}
const batchOf = (unheard: ProjectedBatch['unheard'], ...changes: FlowChange[]): ProjectedBatch => ({
  ...emptyBatch(),
  unheard,
  projected: new Map(changes.map((change) => [change.id, change])),
});

test('flows that are due are brought into memory a few at a time', async () => {
  const ids = Array.from({ length: 251 }, (_, i) => `${i}`);
  const { flows, loaded, rehydrated } = bench(['0', '250']);
  await expect(flows.rehydrateDue()).resolves.toBe(false);
  expect(loaded).toEqual([]);
  flows.due(ids);
  await expect(flows.rehydrateDue()).resolves.toBe(true);
  await expect(flows.rehydrateDue()).resolves.toBe(false);
  expect(loaded.map((one) => one.length)).toEqual([250, 1]);
  expect(rehydrated).toEqual([['0'], ['250']]);
});

test('flows that are new to the store as well stay as they were projected', async () => {
  const { flows, loaded, named, projected } = bench([]);
  const batch = batchOf({ ids: ['a'], names: ['n'] }, gone('a'));
  await flows.reconcile(batch);
  expect([loaded, named, projected]).toEqual([[['a']], [['n']], []]);
  expect([...batch.projected.keys()]).toEqual(['a']);
});

test("what the store has under a new flow's name takes the place of what was projected without it", async () => {
  const { flows, named, projected } = bench(['a'], [{ list: [gone('a', 4), gone('b', 6)] }]);
  const batch = batchOf({ ids: ['a'], names: [] }, gone('a', 2), gone('c', 2));
  await flows.reconcile(batch);
  expect(named).toEqual([]);
  expect(projected).toEqual([[['a'], [key]]]);
  expect(
    Object.fromEntries([...batch.projected].map(([id, { version }]) => [id, version])),
  ).toEqual({ a: 4, b: 6, c: 2 });
});

test('what is found so may begin further flows anew, which are looked up in turn', async () => {
  const { flows, loaded } = bench(
    ['a', 'by name', 'b'],
    [{ unheard: { ids: ['b'], names: [] } }, {}],
  );
  const batch = batchOf({ ids: ['a'], names: ['by name'] });
  await flows.reconcile(batch);
  expect(loaded).toEqual([['a'], ['b']]);
  expect(batch.unheard).toEqual({ ids: [], names: [] });
});

test('where the store cannot be asked any more, looking up ends', async () => {
  const { flows, retry, state, projected } = bench(['a']);
  state.isDown = true;
  retry.stop();
  await flows.reconcile(batchOf({ ids: ['a'], names: [] }));
  expect([projected, retry.abandoned]).toEqual([[], true]);
});

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { manualClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import type { Flow } from '../model/flow.ts';
import { createStore, type Store } from '../store/index.ts';

/** A store over the embedded engine in a temporary directory, for tests of its queries. */
export interface EmbeddedStore {
  store: Store;
  insert(flows: readonly Flow[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the store. Its clock shows `nowMs`, when all flows that can settle by idleness have
 * settled.
 */
export async function openEmbeddedStore(nowMs: number): Promise<EmbeddedStore> {
  const directory = mkdtempSync(join(tmpdir(), 'fermata-lenses-'));
  const store = createStore({
    clickhouseUrl: '',
    directory,
    cluster: '',
    retentionDays: 36_500,
    memoryLimitBytes: 2 ** 31,
    clock: manualClock(nowMs),
    counters: createCounters(),
    log: silentLog,
  });
  await store.start();
  return {
    store,
    async insert(flows) {
      const changes = flows.map((flow) => ({
        ...{ kind: 'flow' as const, id: flow.id, version: 2, flow },
      }));
      for (let from = 0; from < changes.length; from += 2000)
        await store.insertFlows(changes.slice(from, from + 2000), 1, (flow) =>
          flow.idleOutcome === null ? 0 : 1,
        );
    },
    async close() {
      await store.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

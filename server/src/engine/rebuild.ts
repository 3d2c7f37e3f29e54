import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { messageOf } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Correlator } from '../correlate/index.ts';
import type { Assessor } from './assess.ts';
import type { Projection, Projector } from './projection/index.ts';
import type { Span } from '../model/span.ts';
import type { Reloads } from './reload.ts';
import type { EvidenceReader, NameIndex, StoredSpan } from '../store/index.ts';

/**
 * Rebuilds lost rows of flows from stored spans, in blocks, while the server continues to work.
 * After a crash, the rebuild begins again at the next start. That is safe, because rebuilding a row
 * twice changes nothing.
 */
export interface Rebuild {
  /**
   * Begins to rebuild lost rows, and also rebuilds rows that are lost later. If `all` is true,
   * every row is rebuilt, which an operator can request.
   */
  start(all: boolean): void;
  idle(): Promise<void>;
  /** Stops the rebuild. The remaining rows are rebuilt after the next start. */
  stop(): Promise<void>;
}

export interface RebuildOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: Pick<EvidenceReader, 'losses' | 'unprojected'> & Pick<NameIndex, 'loadByIds'>;
  reloads: Pick<Reloads, 'add'>;
  correlator: Pick<Correlator, 'keysOf' | 'spansInMemory'>;
  projection: Pick<Projection, 'reproject' | 'waitForCapacity' | 'rows' | 'projector'>;
  assessor: Pick<Assessor, 'withoutTeaching'>;
  restore(stored: StoredSpan[]): Span[];
  /** Called when all lost rows of flows have been rebuilt. */
  onDone(): void;
}

const RETRY_MS = 10_000;
const REPORT_MS = 10_000;
/**
 * Number of spans in memory above which the rebuild waits before the next block, until flows have
 * been evicted.
 */
const MAX_SPANS_IN_MEMORY = 200_000;
const ROOM_MS = 500;

export function createRebuild(options: RebuildOptions): Rebuild {
  const { clock, counters, log, store, correlator, projection } = options;
  let stopping = false;
  let running: Promise<void> | undefined;
  let left = 0;
  let cancelWait: (() => void) | undefined;
  counters.gauge('fermata_rebuild_running', () => (running === undefined ? 0 : 1));
  counters.gauge('fermata_rebuild_traces_left', () => left);

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const cancel = clock.after(ms, resolve);
      cancelWait = () => {
        cancel();
        resolve();
      };
    });
  const take: Projector['takeChangesOf'] = (ids, keys) =>
    options.assessor.withoutTeaching(() => projection.projector.takeChangesOf(ids, keys));
  /**
   * Rebuilds rows block by block. Resolves to true when all blocks are done; to false if the server
   * stops first.
   */
  const rebuildAll = async (all: boolean): Promise<boolean> => {
    let spans = 0;
    let saidAtMs = clock.now();
    for await (const block of store.unprojected(all, projection.rows.derivedBatch)) {
      await projection.waitForCapacity();
      while (correlator.spansInMemory > MAX_SPANS_IN_MEMORY && !stopping) await wait(ROOM_MS);
      if (stopping) return false;
      const flows = block.flowIds.length > 0 ? await store.loadByIds(block.flowIds) : [];
      const found = options.restore(block.spans);
      const keys = await options.reloads.add(found, flows);
      if (keys === null) return false;
      await projection.reproject(
        block.flowIds,
        [...new Set([...keys, ...correlator.keysOf(found)])],
        take,
      );
      if (stopping) return false;
      spans += found.length;
      left = block.left;
      counters.add('fermata_rebuilt_spans_total', found.length);
      if (clock.now() < saidAtMs + REPORT_MS) continue;
      saidAtMs = clock.now();
      log.info({ spans, tracesLeft: left }, 'rebuilding flow rows from the evidence');
    }
    log.warn({ spans }, 'flow rows are rebuilt from the evidence');
    return true;
  };
  const run = async (all: boolean): Promise<void> => {
    for (let isAll = all; (isAll || store.losses?.due) && !stopping;)
      try {
        const count = store.losses?.count ?? 0;
        log.warn(
          { all: isAll },
          'flow rows are looked for, and those that are missing rebuilt from the evidence',
        );
        if (!(await rebuildAll(isAll))) return;
        isAll = false;
        store.losses?.rebuilt(count);
      } catch (error) {
        log.error(
          { detail: messageOf(error).slice(0, 500) },
          'flow rows could not be rebuilt; trying again',
        );
        if (!stopping) await wait(RETRY_MS);
      }
    if (!stopping) options.onDone();
  };
  const start = (all: boolean): void => {
    if (stopping || running !== undefined || !(all || store.losses?.due)) return;
    running = run(all).finally(() => {
      running = undefined;
      left = 0;
      start(false);
    });
  };

  return {
    start(all) {
      store.losses?.onLoss(() => start(false));
      start(all);
    },
    async idle() {
      await running;
    },
    async stop() {
      stopping = true;
      cancelWait?.();
      await running;
    },
  };
}

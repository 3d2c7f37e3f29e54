import type { Log } from '../base/log.ts';
import type { EvictedNames } from '../correlate/index.ts';
import type { Expectations } from '../expect/index.ts';
import type { Span } from '../model/span.ts';
import type { EngineStore, StoredSpan } from '../store/index.ts';
import type { Batches } from './batches.ts';
import type { DowntimeGrace } from './downtime-grace.ts';
import type { Projection } from './projection/index.ts';
import type { Reloads } from './reload.ts';

/**
 * Options of the recovery, which restores the state of the previous run of the process at start.
 * After a crash, every step of the recovery can be repeated.
 */
export interface RecoveryOptions {
  log: Log;
  store: Pick<EngineStore, 'watermarks' | 'names' | 'flowsWithFindings' | 'openFlows' | 'replay'>;
  names: EvictedNames;
  expectations: Pick<Expectations, 'restoreStalled'>;
  batches: Batches;
  grace: DowntimeGrace;
  projection: Pick<Projection, 'rows' | 'changed' | 'projector'>;
  reloads: Pick<Reloads, 'add'>;
  restore(stored: StoredSpan[]): Span[];
}

const REPORT_EVERY_SPANS = 100_000;

export async function recover(options: RecoveryOptions): Promise<void> {
  const { store, batches, projection } = options;
  const { lastBatch, derivedBatch, lastReceivedMs } = await store.watermarks();
  batches.restore(lastBatch, derivedBatch);
  projection.rows.start(derivedBatch);
  await loadNames(options);
  if (lastReceivedMs > 0) options.grace.begin(lastReceivedMs);
  await loadFlows(options);
  if (lastBatch > derivedBatch && !(await replay(options, derivedBatch))) return;
  batches.replayed();
}

async function loadNames({ store, names }: RecoveryOptions): Promise<void> {
  const { all, hashes } = await store.names(names.filterCapacity, (tokens) =>
    names.addWorthless(tokens),
  );
  for await (const block of hashes) names.addToFilter(block);
  if (!all) names.rotateFilter();
}

/**
 * Restores flows with findings. Also restores the times when open flows count as ended or must be
 * re-evaluated.
 */
async function loadFlows({
  store,
  expectations,
  grace,
  projection,
}: RecoveryOptions): Promise<void> {
  for await (const flows of store.flowsWithFindings())
    for (const flow of flows) expectations.restoreStalled(flow);
  const { openFlows } = projection.projector;
  for await (const flows of store.openFlows())
    for (const { id, settlesAtMs, lookAtMs } of flows)
      openFlows.restore(
        id,
        settlesAtMs === 0 ? null : settlesAtMs,
        lookAtMs === 0 ? null : Math.max(lookAtMs, grace.untilMs),
      );
}

/**
 * Correlates spans that were committed but are in no stored flow yet. Resolves to true when all are
 * correlated; to false if the server stops first.
 */
async function replay(options: RecoveryOptions, derivedBatch: number): Promise<boolean> {
  const { log, store, reloads, projection } = options;
  let count = 0;
  let reported = 0;
  for await (const stored of store.replay(derivedBatch)) {
    if ((await reloads.add(options.restore(stored))) === null) return false;
    count += stored.length;
    if (count - reported < REPORT_EVERY_SPANS) continue;
    reported = count;
    log.info({ spans: count }, 'catching up');
  }
  log.info({ spans: count }, 'caught up with spans committed before the last stop');
  projection.changed();
  return true;
}

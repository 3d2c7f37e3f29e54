import type { Clock } from './base/clock.ts';
import type { Counters } from './base/counters.ts';
import { messageOf } from './base/errors.ts';
import type { Log } from './base/log.ts';
import { createCorrelator, type Correlator } from './correlate/index.ts';
import type { Flow, FlowChange } from './model/flow.ts';
import type { OtlpExport } from './model/otlp.ts';
import type { EvidenceRecord } from './model/record.ts';
import type { Span } from './model/span.ts';
import type { Normalizer } from './normalize/index.ts';
import type { WrittenBatch } from './receive/index.ts';
import type { Store, StoredFlow, StoredSpan } from './store/index.ts';

/**
 * What happens to a commit, in order: normalize → insert (the commit) → correlate → (answered) → draw changed flows →
 * write their rows → announce. Everything after the insert can be repeated from it.
 */
export interface Pipeline {
  /** Catches up with spans whose flows were not written before the last stop. */
  start(): Promise<void>;
  write(requests: OtlpExport[]): Promise<WrittenBatch>;
  /** Writes what is drawn so far. Idempotent. */
  stop(): Promise<void>;
  readonly correlator: Correlator;
}

export interface PipelineOptions {
  clock: Clock;
  counters: Counters;
  log: Log;
  store: Store;
  normalizer: Normalizer;
  settleMs: number;
  unloadMs: number;
  /** Whether an ended request flow (a trace without messages and flow id) is kept. */
  requestFlows: 'keep' | 'failed' | 'drop';
  /** Durable and queryable: tell the dashboards. */
  announce(changes: readonly FlowChange[]): void;
}

/** Flow rows are written this often at most; under load the pause grows with the time a write takes. */
const FLUSH_MS = 200;
const FLUSH_PAUSE_FACTOR = 4;
const REPLAY_REPORT = 100_000;
const MOST_LOAD_ROUNDS = 64;
/** Spans that one commit may bring back; what lies beyond is counted, and not seen by it. */
const MOST_LOADED_SPANS = 100_000;

export function createPipeline(options: PipelineOptions): Pipeline {
  const { clock, counters, log, store, normalizer } = options;
  let batch = 0;
  /** Correlated, not yet in flow rows. */
  let correlatedBatch = 0;
  let stopping = false;
  let flushing: Promise<void> | undefined;
  let cancelFlush: (() => void) | undefined;
  const due: string[] = [];
  /** Loading and adding touch the same memory: one at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work);
    turn = mine.catch(() => undefined);
    return mine;
  };

  const correlator = createCorrelator({
    clock,
    counters,
    settleMs: options.settleMs,
    unloadMs: options.unloadMs,
    onDirty: () => schedule(FLUSH_MS),
    onDue: (ids) => {
      due.push(...ids);
      schedule(0);
    },
  });

  const restore = (stored: StoredSpan): Span | null =>
    stored.span
      ? normalizer.span(stored.span, stored.receivedAtMs).span
      : (normalizer.event(stored.log, stored.receivedAtMs, stored)?.span ?? null);
  const restoreAll = (list: StoredSpan[]): Span[] => list.flatMap((stored) => restore(stored) ?? []);
  const load = (names: string[], flows: StoredFlow[]): Span[] => {
    counters.add('fermata_reloaded_flows_total', flows.length);
    return correlator.load(
      names,
      flows.map((flow) => ({
        id: flow.id,
        version: flow.version,
        members: restoreAll(flow.members),
        causes: flow.causes,
      })),
    );
  };
  /** Flows that are only in the store and that these spans touch, and what decides together with those. */
  const bringBack = async (spans: Span[], loaded: Span[]): Promise<void> => {
    for (let round = 0; round < MOST_LOAD_ROUNDS && loaded.length < MOST_LOADED_SPANS; round++) {
      const names = correlator.missing(spans, loaded);
      if (names.length === 0) return;
      loaded.push(...load(names, await store.loadByNames(names)));
    }
    counters.add('fermata_reloads_cut_short_total');
  };
  const correlate = async (spans: Span[]): Promise<void> => {
    await bringBack(spans, []);
    correlator.add(spans);
  };

  const schedule = (delayMs: number): void => {
    if (stopping || flushing !== undefined) return;
    if (cancelFlush !== undefined) {
      if (delayMs > 0) return;
      cancelFlush();
    }
    cancelFlush = clock.after(delayMs, () => {
      cancelFlush = undefined;
      const startedAt = clock.now();
      flushing = flush().finally(() => {
        flushing = undefined;
        if (again) schedule(Math.max(FLUSH_MS, (clock.now() - startedAt) * FLUSH_PAUSE_FACTOR));
        again = false;
      });
    });
  };
  let again = false;
  const settlesAt = (flow: Flow): number =>
    flow.phase === 'ended' ? 0 : flow.lastReceivedMs + options.settleMs;

  /** Draws and writes changed flows; on failure they are drawn again with the next write. */
  const flush = async (): Promise<void> => {
    const upTo = correlatedBatch;
    if (due.length > 0) {
      const ids = due.splice(0, 500);
      if (due.length > 0) again = true;
      await exclusive(async () => {
        await bringBack([], load([], await store.loadByIds(ids)));
        correlator.add([]);
      });
    }
    const changes = correlator.takeChanges();
    if (changes.length === 0 && upTo === derivedBatch) return;
    const kept = changes.filter((change) => change.flow === null || keep(change.flow));
    counters.add('fermata_dropped_request_flows_total', changes.length - kept.length);
    for (;;) {
      try {
        await store.insertFlows(kept, upTo, settlesAt);
        break;
      } catch (error) {
        counters.add('fermata_flow_write_failures_total');
        log.error({ detail: messageOf(error).slice(0, 500) }, 'flow rows could not be written; trying again');
        if (stopping) return;
        await new Promise<void>((resolve) => clock.after(1000, resolve));
      }
    }
    derivedBatch = upTo;
    correlator.written(changes);
    counters.add('fermata_flow_rows_total', kept.length);
    options.announce(kept.filter((change) => change.unowned === undefined));
    if (correlatedBatch !== upTo) again = true;
  };
  let derivedBatch = 0;

  const keep = (flow: Flow): boolean =>
    options.requestFlows === 'keep' ||
    flow.flowId !== '' ||
    flow.hops.some((hop) => !hop.sync) ||
    (options.requestFlows === 'failed' && flow.failedSteps > 0);

  return {
    correlator,
    async start() {
      const { lastBatch, derivedBatch: derived } = await store.watermarks();
      batch = lastBatch;
      correlatedBatch = derivedBatch = derived;
      for await (const names of store.names()) correlator.remember(names);
      for await (const flows of store.openFlows())
        for (const { id, settlesAtMs } of flows)
          correlator.settleLater(id, Math.max(settlesAtMs, clock.now()));
      if (lastBatch <= derived) return;
      let count = 0;
      let reported = 0;
      for await (const stored of store.replay(derived)) {
        await exclusive(() => correlate(restoreAll(stored)));
        count += stored.length;
        if (count - reported < REPLAY_REPORT) continue;
        reported = count;
        log.info({ spans: count }, 'catching up');
      }
      correlatedBatch = lastBatch;
      log.info({ spans: count }, 'caught up with spans committed before the last stop');
      schedule(0);
    },
    async write(requests) {
      const receivedAtMs = clock.now();
      const number = ++batch;
      const records: EvidenceRecord[] = [];
      let ignored = 0;
      for (const request of requests) {
        for (const span of request.spans) records.push(normalizer.span(span, receivedAtMs));
        for (const record of request.logs) {
          const event = normalizer.event(record, receivedAtMs);
          if (event) records.push(event);
          else ignored++;
        }
      }
      counters.add('fermata_ignored_log_records_total', ignored);
      await store.insertSpans(number, records);
      counters.add('fermata_committed_records_total', records.length);
      counters.add('fermata_commits_total');
      return {
        correlate: () =>
          exclusive(async () => {
            await correlate(records.map((record) => record.span));
            correlatedBatch = number;
          }),
      };
    },
    async stop() {
      stopping = true;
      cancelFlush?.();
      await flushing;
      await turn;
      try {
        await flush();
      } catch (error) {
        log.warn(
          { reason: messageOf(error) },
          'flow rows not written at stop; they follow at the next start',
        );
      }
      correlator.stop();
    },
  };
}

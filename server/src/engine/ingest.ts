import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { flatMapped } from '../base/lists.ts';
import type { Expectations } from '../expect/index.ts';
import type { KeptLogs } from '../model/log-record.ts';
import type { OtlpExport } from '../model/otlp.ts';
import type { EvidenceRecord } from '../model/record.ts';
import { isLive, type Span } from '../model/span.ts';
import type { Normalizer } from '../normalize/index.ts';
import type { WrittenBatch } from '../receive/index.ts';
import type { EngineStore, PreparedLogs, PreparedSpans } from '../store/index.ts';
import type { Batches } from './batches.ts';
import type { DefinitionDesk } from './definitions.ts';
import { createLogIntake, type LogIntake } from './log-intake.ts';
import type { Projection } from './projection/index.ts';
import type { Reloads } from './reload.ts';

/**
 * Normalizes, commits and correlates requests, and determines when they may be answered. After a
 * crash, all stages after the commit can be repeated from the committed spans.
 */
export interface Ingest {
  /**
   * Normalizes a request immediately, so that only the data needed later stays in memory. Requests
   * must be prepared in the order in which they are committed.
   */
  prepare(request: OtlpExport): Prepared;
  /**
   * Commits several requests together. Afterwards the caller must call `correlate` of the returned
   * batch.
   */
  write(prepared: readonly Prepared[]): Promise<WrittenBatch<Prepared>>;
}

/**
 * A request that is ready for its commit: its spans, which will be correlated, and its rows for the
 * store.
 */
export interface Prepared {
  batch: number;
  spans: Span[];
  rows: PreparedSpans;
  /** Rows of ordinary log records; null if the request has none. */
  logs: PreparedLogs | null;
}

export interface IngestOptions {
  clock: Clock;
  counters: Counters;
  store: Pick<EngineStore, 'prepareSpans' | 'insertSpans' | 'prepareLogs' | 'insertLogs'>;
  normalizer: Normalizer;
  definitions: Pick<DefinitionDesk, 'announced'>;
  expectations: Pick<Expectations, 'observeArrival'>;
  batches: Batches;
  reloads: Pick<Reloads, 'addNow' | 'addLater'>;
  projection: Pick<Projection, 'waitForCapacity'>;
  /** Which log records are stored, to be shown next to the spans of their traces. */
  logs: KeptLogs;
}

export function createIngest(options: IngestOptions): Ingest {
  const { clock, counters, store, normalizer, definitions, batches, reloads, projection } = options;

  const logs = createLogIntake({ kept: options.logs, counters, normalizer });
  const recordsOf = (request: OtlpExport, taken: LogIntake): EvidenceRecord[] => {
    const receivedAtMs = clock.now();
    const records: EvidenceRecord[] = [];
    for (const span of request.spans) records.push(normalizer.span(span, receivedAtMs));
    for (const record of request.logs) {
      const definition = normalizer.definition(record);
      if (definition !== null) {
        definitions.announced(definition);
        continue;
      }
      const event = normalizer.event(record, receivedAtMs);
      if (event) records.push(event);
      else taken.add(record, receivedAtMs);
    }
    return records;
  };

  /**
   * Correlates a request's spans after the evicted flows that they affect have been rehydrated. If
   * the store cannot be read, the sender gets an error, keeps the request and retries.
   */
  const addLater = async ({ batch, spans }: Prepared): Promise<void> => {
    try {
      if ((await reloads.addLater(spans)) === 'left-to-replay') return;
    } catch (error) {
      batches.correlated(batch);
      throw error;
    }
    batches.correlated(batch);
    await projection.waitForCapacity();
  };
  /**
   * Immediately correlates the requests that affect no evicted flow. Returns the remaining
   * requests, each with the promise of its correlation.
   */
  const correlate = (requests: readonly Prepared[]): Map<Prepared, Promise<void>> => {
    const late = new Map<Prepared, Promise<void>>();
    if (!reloads.addNow(flatMapped(requests, ({ spans }) => spans)))
      for (const request of requests) {
        if (reloads.addNow(request.spans)) continue;
        const done = addLater(request);
        // The code that answers the sender handles this error, but may begin to wait for the
        // promise only later. Until then Node must not report an unhandled rejection.
        done.catch(() => undefined);
        late.set(request, done);
      }
    for (const request of requests) if (!late.has(request)) batches.correlated(request.batch);
    return late;
  };

  return {
    prepare(request) {
      const taken = logs();
      const records = recordsOf(request, taken);
      const { records: kept, dropped } = taken.end();
      request.logsDropped = dropped.reduce((sum, one) => sum + one.records, 0);
      request.namesCut = records.reduce((sum, record) => sum + (record.namesCut ?? 0), 0);
      counters.add('fermata_names_cut_total', request.namesCut);
      const batch = batches.next();
      return {
        batch,
        spans: records.map((record) => record.span),
        rows: store.prepareSpans(batch, records),
        logs: kept.length + dropped.length === 0 ? null : store.prepareLogs(kept, dropped),
      };
    },
    async write(prepared) {
      // Spans and log records must both be on disk before the answer. They are written in parallel,
      // because each write waits for the disk.
      const logRows = prepared.flatMap((request) => request.logs ?? []);
      await Promise.all([
        store.insertSpans(prepared.map(({ rows }) => rows)),
        logRows.length > 0 && store.insertLogs(logRows),
      ]);
      const spans = flatMapped(prepared, (request) => request.spans);
      options.expectations.observeArrival(spans.filter(isLive));
      counters.add('fermata_committed_records_total', spans.length);
      counters.add('fermata_commits_total');
      for (const { batch } of prepared) batches.committed(batch);
      let late: ReadonlyMap<Prepared, Promise<void>>;
      return {
        async correlate() {
          late = correlate(prepared);
          await projection.waitForCapacity();
        },
        later: (request) => late.get(request),
      };
    },
  };
}

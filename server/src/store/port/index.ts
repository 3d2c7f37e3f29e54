import type { CatalogReader } from './catalog.ts';
import type { DocumentStore, IncidentStore, LearnedStore } from './documents.ts';
import type { EvidenceReader, EvidenceWriter } from './evidence.ts';
import type { FlowReader, FlowScanner, FlowWriter, NameIndex } from './flows.ts';
import type { FacetReader, LensReader, OverviewReader } from './lenses.ts';
import type { LogReader, LogWriter } from './logs.ts';

export type * from './catalog.ts';
export type * from './documents.ts';
export type * from './evidence.ts';
export type * from './flows.ts';
export * from './lenses.ts';
export type * from './logs.ts';

/** Methods that start, stop and check the store. Used by the code that runs the process. */
export interface StoreLifecycle {
  readonly kind: 'embedded' | 'clickhouse';
  /**
   * Opens the store and migrates its tables. Rejects with an error that tells the operator what to
   * do.
   */
  start(): Promise<void>;
  /**
   * Waits for pending inserts and queries, and then closes the store. A second call has no effect.
   */
  stop(): Promise<void>;
  /** Resolves to whether the store answers. The query is cheap. */
  ping(): Promise<boolean>;
}

/**
 * Defines the contract of the store, the memory that survives a restart.
 * `testing/store-conformance.ts` checks the contract for every connection. Each reader or writer
 * takes only the ports that it needs.
 *
 * - `insertSpans` commits spans, and `insertLogs` commits log records. Once the promise has
 *   resolved, the records MUST survive `kill -9`. They MAY be stored already, because a sender
 *   retried; reads return each record once. If the promise rejects, the records may or may not be
 *   stored.
 * - Flows are derived from spans. `insertFlows` stores the last batch of spans that its flows
 *   include. After a crash `replay` yields every record of later batches, oldest batch first.
 * - Of several versions of a flow, reads return the greatest. No list contains a tombstone, and
 *   `findFlow` follows `movedTo` of a tombstone. An unattributed span is found by its names, and no
 *   list contains it.
 * - Flows are returned in their state at the time of the read: a flow that was idle until
 *   `settlesAt` has ended (`viewAt`).
 * - For a flow that does not exist, reads return `null` or omit it, and do not fail. Errors are
 *   `store.unavailable`, and are retryable.
 * - A read returns the rows of every insert that had resolved before the read was called.
 */
export type Store = StoreLifecycle &
  EvidenceWriter &
  EvidenceReader &
  LogWriter &
  LogReader &
  FlowWriter &
  FlowReader &
  FlowScanner &
  NameIndex &
  CatalogReader &
  LensReader &
  OverviewReader &
  FacetReader &
  DocumentStore &
  LearnedStore &
  IncidentStore;

/** The members of the store that routes use. None of them changes data. */
export type QueryStore = FlowReader &
  LogReader &
  CatalogReader &
  LensReader &
  OverviewReader &
  FacetReader;

/**
 * The members of the store that the engine uses: for commits, for derived rows and for the
 * resumption after a restart.
 */
export type EngineStore = EvidenceWriter &
  EvidenceReader &
  LogWriter &
  FlowWriter &
  FlowScanner &
  NameIndex &
  LearnedStore &
  DocumentStore<'definition' | 'clock' | 'names'>;

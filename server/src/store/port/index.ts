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

/** Starts, stops and checks the store, for the code that runs the process. */
export interface StoreLifecycle {
  readonly kind: 'embedded' | 'clickhouse';
  /**
   * Opens the store and migrates its tables. Rejects with an error that tells the operator what to
   * do.
   */
  start(): Promise<void>;
  /** Waits for the inserts in flight, and stops. A second call has no effect. */
  stop(): Promise<void>;
  /** Resolves to whether the store answers. It costs little. */
  ping(): Promise<boolean>;
}

/**
 * Defines the contract of the store, which is the memory that survives a restart.
 * `testing/store-conformance.ts` checks the contract for every connection. Code that reads or
 * writes takes only the ports that it needs, and no code takes all of them.
 *
 * - `insertSpans` is the commit, and `insertLogs` that of log records. Once it has resolved, the
 *   records MUST be there after `kill -9`. They MAY be there before the call, because a sender
 *   retried; reads return each record once. If it rejects, a caller MUST assume that the records
 *   may or may not be there.
 * - Everything else is derived. `insertFlows` stores the number of the last batch of spans that its
 *   rows include. After a crash `replay` yields every record of later batches, oldest batch first.
 * - Of several versions of one flow, reads return the greatest. A tombstone is in no list, and
 *   `findFlow` goes on to the flow that the tombstone's `movedTo` names. An unattributed span is
 *   found by its names and is in no list.
 * - Flows are returned as they look now: a flow that was idle until `settlesAt` has ended
 *   (`viewAt`).
 * - A flow that does not exist is `null` or absent from the list, never an error. Errors are
 *   `store.unavailable`, and are retryable.
 * - A read sees every insert that had resolved before the read was called.
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

/** The part of the store that routes use. None of its members changes anything. */
export type QueryStore = FlowReader &
  LogReader &
  CatalogReader &
  LensReader &
  OverviewReader &
  FacetReader;

/**
 * The part of the store that the engine uses. It has the members that commit, derive and resume,
 * without those that only lists need.
 */
export type EngineStore = EvidenceWriter &
  EvidenceReader &
  LogWriter &
  FlowWriter &
  FlowScanner &
  NameIndex &
  LearnedStore &
  DocumentStore<'definition' | 'clock' | 'names'>;

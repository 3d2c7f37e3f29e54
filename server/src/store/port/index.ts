import type { CatalogReader } from './catalog.ts';
import type { DocumentStore, IncidentStore, LearnedStore } from './documents.ts';
import type { EvidenceReader, EvidenceWriter } from './evidence.ts';
import type { FlowReader, FlowScanner, FlowWriter, NameIndex } from './flows.ts';

export type * from './catalog.ts';
export type * from './documents.ts';
export type * from './evidence.ts';
export type * from './flows.ts';

/** Starts, stops and checks the store, for the code that runs the process. */
export interface StoreLifecycle {
  readonly kind: 'embedded' | 'clickhouse';
  /** Opens and migrates. Rejects with an error that tells the operator what to do. */
  start(): Promise<void>;
  /** Stops after awaiting inserts in flight. Idempotent. */
  stop(): Promise<void>;
  /** Tells, at little cost, whether the store answers. */
  ping(): Promise<boolean>;
}

/**
 * Defines the contract of the store, the memory that survives a restart;
 * `testing/store-conformance.ts` proves it for every connection. Readers and writers take the ports
 * that they need, and none takes all of them.
 *
 * - `insertSpans` is the commit: once it resolves, the records MUST be there after `kill -9`. It
 *   MAY be called with records that are there already (a sender retried); reads return one of each.
 *   It rejects with nothing half-true: a caller that saw a rejection MUST assume that the records
 *   may or may not be there.
 * - Everything else is derived. `insertFlows` carries the number of the last span batch that its
 *   rows include; after a crash `replay` yields every record of later batches, oldest batch first.
 * - Of several versions of one flow, reads return the greatest. A tombstone is in no list, and
 *   `findFlow` follows its `movedTo`. An unattributed span is found by its names and is in no list.
 * - Flows are returned as they look now: a flow that was idle until `settlesAt` has ended
 *   (`viewAt`).
 * - A flow that is not there is `null` or absent from the list, never an error. Errors are
 *   `store.unavailable`, retryable.
 * - Reads see every insert that resolved before they were called.
 */
export type Store = StoreLifecycle &
  EvidenceWriter &
  EvidenceReader &
  FlowWriter &
  FlowReader &
  FlowScanner &
  NameIndex &
  CatalogReader &
  DocumentStore &
  LearnedStore &
  IncidentStore;

/** Reads the store for routes: no member of it changes anything. */
export type QueryStore = FlowReader & CatalogReader;

/**
 * Serves the engine: the members that commit, derive and resume, without those that only lists
 * need.
 */
export type EngineStore = EvidenceWriter &
  EvidenceReader &
  FlowWriter &
  FlowScanner &
  NameIndex &
  LearnedStore &
  DocumentStore<'definition' | 'clock'>;

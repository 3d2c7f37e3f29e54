import type { CatalogReader } from './catalog.ts';
import type { DocumentStore, IncidentStore, LearnedStore } from './documents.ts';
import type { EvidenceReader, EvidenceWriter } from './evidence.ts';
import type { FlowReader, FlowScanner, FlowWriter, NameIndex } from './flows.ts';

export type * from './catalog.ts';
export type * from './documents.ts';
export type * from './evidence.ts';
export type * from './flows.ts';

/** What whoever starts and stops the process needs. */
export interface StoreLifecycle {
  readonly kind: 'embedded' | 'clickhouse';
  /** Opens, migrates. Rejects with an error that tells the operator what to do. */
  start(): Promise<void>;
  /** Idempotent; awaits inserts in flight. */
  stop(): Promise<void>;
  /** Cheap: is the store answering? */
  ping(): Promise<boolean>;
}

/**
 * Memory that survives a restart. The contract; `testing/store-conformance.ts` is its proof, run
 * for every connection. Readers and writers take the ports that they need, and nobody takes all of
 * them.
 *
 * - `insertSpans` is the commit: once it resolves, the records MUST be there after `kill -9`. It
 *   MAY be called with records that are there already (a sender retried); reads give one of them
 *   each. It rejects with nothing half-true: a caller that saw a rejection MUST assume that the
 *   records may or may not be there.
 * - Everything else is derived. `insertFlows` carries the number of the last span batch that its
 *   rows include; after a crash `replay` gives every record of later batches, oldest batch first.
 * - Of several versions of one flow, reads give the greatest. A version with `flow: null` is a
 *   tombstone: lists skip it, `findFlow` follows its `movedTo`. An unattributed span is found by
 *   its names and is in no list.
 * - Flows are given as they are seen now: what was quiet until `settlesAt` has ended (`viewAt`).
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

/** Reads for people: no member of it changes anything. */
export type QueryStore = FlowReader & CatalogReader;

/** What the engine commits, derives and takes up again; nothing that people list. */
export type EngineStore = EvidenceWriter &
  EvidenceReader &
  FlowWriter &
  FlowScanner &
  NameIndex &
  LearnedStore &
  DocumentStore<'definition' | 'clock'>;

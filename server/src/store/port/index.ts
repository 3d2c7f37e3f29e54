import type { Cut } from '../../base/lists.ts';
import type { Flow, FlowChange, KnownCause, FlowView } from '../../model/flow.ts';
import type { OtlpLog, OtlpSpan } from '../../model/otlp.ts';
import type { EvidenceRecord } from '../../model/record.ts';
import type { Incident, Notification, Silence } from '../../model/incident.ts';
import type { FlowSearch } from '../../model/search.ts';
import type { Losses } from '../connection/port.ts';

export type { Losses };

/**
 * Memory that survives a restart. The contract; `testing/store-conformance.ts` is its proof, run for every connection.
 *
 * - `insertSpans` is the commit: once it resolves, the records MUST be there after `kill -9`. It MAY be called with
 *   records that are there already (a sender retried); reads give one of them each. It rejects with nothing half-true:
 *   a caller that saw a rejection MUST assume that the records may or may not be there.
 * - Everything else is derived. `insertFlows` carries the number of the last span batch that its rows include; after a
 *   crash `replay` gives every record of later batches, oldest batch first.
 * - Of several versions of one flow, reads give the greatest. A version with `flow: null` is a tombstone: lists skip it,
 *   `findFlow` follows its `movedTo`. An unattributed span is found by its names and is in no list.
 * - Flows are given as they are seen now: what was quiet until `settlesAt` has ended (`viewAt`).
 * - A flow that is not there is `null` or absent from the list, never an error. Errors are `store.unavailable`,
 *   retryable.
 * - Reads see every insert that resolved before they were called.
 */
export interface Store {
  readonly kind: 'embedded' | 'clickhouse';
  /** What was acknowledged last cannot be queried now: the last read of raw spans, or of services, went without it. */
  readonly isBehind: boolean;
  /** Opens, migrates. Rejects with an error that tells the operator what to do. */
  start(): Promise<void>;
  /** Idempotent; awaits inserts in flight. */
  stop(): Promise<void>;

  /** Records in the store's own form, so that what waits for a commit is small. */
  prepareSpans(batch: number, records: readonly EvidenceRecord[]): PreparedSpans;
  /** Of this store, of ascending batches. */
  insertSpans(prepared: readonly PreparedSpans[]): Promise<void>;
  insertFlows(
    changes: readonly FlowChange[],
    upToBatch: number,
    settlesAt: (flow: Flow) => number,
  ): Promise<void>;

  /** Highest batch number ever inserted, and the last one that the flow rows include. */
  watermarks(): Promise<{ lastBatch: number; derivedBatch: number; lastReceivedMs: number }>;
  replay(afterBatch: number): AsyncIterable<StoredSpan[]>;
  /** Flow rows that were lost; absent where somebody else takes care of the disks. */
  readonly losses?: Losses;
  /**
   * Evidence of batches up to this one that is in no row: whole traces to be projected again, then flows that share spans with
   * others. `all`: every trace. Some thousand spans at a time. Rows that said how far they reach may be lost as well.
   */
  unincluded(all: boolean, upToBatch: number): AsyncIterable<Unincluded>;
  /**
   * Under which names (`model/names.ts`) flows and unattributed spans are found, as hashes (`base/name-hash.ts`): of open flows
   * all, of the rest about `most`, of those that were received last. Without ORIGIN's: its trace is among them. Tokens that
   * are marked as worthless are told by name.
   */
  names(
    most: number,
    onWorthless?: (tokens: string[]) => void,
  ): Promise<{ all: boolean; hashes: AsyncIterable<Buffer> }>;
  /** `settlesAtMs` 0: something is still awaited; `lookAtMs` 0: nothing changes by itself. Ended flows that still owe
   * something are among them. */
  openFlows(): AsyncIterable<{ id: string; type: string; settlesAtMs: number; lookAtMs: number }[]>;

  /** Flows and unattributed spans that have one of these names (of a span, or a token), with their spans. */
  loadByNames(names: readonly string[], bound?: LoadBound): Promise<StoredFlow[]>;

  /** A name that is gone gives what it is called now. */
  loadByIds(ids: readonly string[]): Promise<StoredFlow[]>;

  saveLearned(models: readonly LearnedRow[], savedMs: number): Promise<void>;
  learned(): Promise<LearnedRow[]>;
  saveIncidents(incidents: readonly Incident[]): Promise<void>;
  /** Open ones, and the newest others. */
  incidents(): Promise<Incident[]>;
  saveNotifications(notifications: readonly Notification[]): Promise<void>;
  /** Newest first; with those that are not delivered yet, however old. */
  notifications(limit: number): Promise<Notification[]>;
  saveSilence(silence: Silence): Promise<void>;
  silences(): Promise<Silence[]>;
  /** Something small that people or services wrote down, as JSON; '' deletes it. */
  saveDocument(kind: DocumentKind, id: string, version: number, body: string): Promise<void>;
  documents(kind: DocumentKind): Promise<{ id: string; body: string }[]>;

  /** Summaries of flows of which something is wrong, in blocks. */
  flowsWithFindings(): AsyncIterable<Flow[]>;

  listFlows(search: FlowSearch): Promise<FlowPage>;
  /** As in a list. */
  flowsByIds(ids: readonly string[]): Promise<FlowPage['items']>;
  /** By id, former id, explicit id, business key, trace, span or message id: canonical ids, newest first. */
  findFlow(name: string): Promise<string[]>;
  getFlow(id: string): Promise<FlowRow | null>;
  /** Raw spans of a flow, oldest first. */
  spansOf(id: string, limit: number): Promise<FlowSpans>;
  flowTypes(): Promise<Cut<FlowTypeRow>>;
  services(): Promise<Cut<ServiceRow>>;
  /** Names of steps, the most frequent first. */
  stepNames(): Promise<string[]>;
  /** Cheap: is the store answering? */
  ping(): Promise<boolean>;
}

/** Opaque: only the store that made it reads it. */
export interface PreparedSpans {
  readonly count: number;
}

export interface FlowSpans {
  items: StoredSpan[];
  total: number;
  /** The flow had more: their records are gone, by age or with a broken part. */
  incomplete: boolean;
}

export interface Unincluded {
  spans: StoredSpan[];
  flowIds: string[];
  /** Traces that follow, as far as is known by now. */
  left: number;
}

/** Of each token, `most` flows are given. */
export interface LoadBound {
  most: number;
  /** There are as many, or more. */
  onCut(token: string): void;
}

export type DocumentKind = 'definition' | 'view' | 'clock' | 'probe';

/** A flow's row as it was written. `timelineComputedMs` is the moment its timeline was computed. */
export interface FlowRow extends FlowView {
  timelineComputedMs: number;
}

export interface FlowPage {
  /** Without steps and hops: those lists are empty; `stepCount` stands for them. */
  items: (FlowRow & { stepCount: number })[];
  total: number;
  /** Where the next page begins; null: this was the last one. */
  next: NonNullable<FlowSearch['after']> | null;
}

/** A record in the shape in which it was received, so that it can be normalized again. */
export type StoredSpan = { receivedAtMs: number; traceId: string; spanId: string } & (
  { span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined }
);

export interface StoredFlow {
  id: string;
  version: number;
  members: StoredSpan[];
  /** Of an unattributed span. */
  causes: KnownCause[];
}

/** What was learned of one flow type; opaque to the store. */
export interface LearnedRow {
  environment: string;
  type: string;
  json: string;
}

export interface FlowTypeRow {
  type: string;
  environment: string;
  flows: number;
  open: number;
  failed: number;
  stuck: number;
  services: string[];
  /** It has more services than are named. */
  incomplete: boolean;
  p50DurationMs: number;
  p95DurationMs: number;
  lastStarted: string;
}

export interface ServiceRow {
  name: string;
  environment: string;
  versions: string[];
  flowTypes: string[];
  steps: number;
  failedSteps: number;
  sends: string[];
  consumes: string[];
  /** There are more versions, flow types or destinations than are named. */
  incomplete: boolean;
  firstSeen: string;
  lastSeen: string;
}

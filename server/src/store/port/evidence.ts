import type { OtlpLog, OtlpSpan } from '../../model/otlp.ts';
import type { EvidenceRecord } from '../../model/record.ts';
import type { Losses } from '../connection/port.ts';

export type { Losses };

/** The commit of spans and span events: raw evidence, of which everything else is derived. */
export interface EvidenceWriter {
  /** Records in the store's own form, so that what waits for a commit is small. */
  prepareSpans(batch: number, records: readonly EvidenceRecord[]): PreparedSpans;
  /** Of this store, of ascending batches. */
  insertSpans(prepared: readonly PreparedSpans[]): Promise<void>;
}

/** Evidence as it was received, for whoever projects it again. */
export interface EvidenceReader {
  /** Highest batch number ever inserted, and the last one that the flow rows include. */
  watermarks(): Promise<{ lastBatch: number; derivedBatch: number; lastReceivedMs: number }>;
  /** Every record of later batches, in blocks, oldest batch first. */
  replay(afterBatch: number): AsyncIterable<StoredSpan[]>;
  /**
   * Evidence of batches up to this one that is in no row: whole traces to be projected again, then
   * flows that share spans with others. `all`: every trace. Some thousand spans at a time. Rows
   * that said how far they reach may be lost as well.
   */
  unprojected(all: boolean, upToBatch: number): AsyncIterable<Unprojected>;
  /** Flow rows that were lost; absent where somebody else takes care of the disks. */
  readonly losses?: Losses;
}

/** Opaque: only the store that made it reads it. */
export interface PreparedSpans {
  readonly count: number;
}

export interface Unprojected {
  spans: StoredSpan[];
  flowIds: string[];
  /** Traces that follow, as far as is known by now. */
  left: number;
}

/** A record in the shape in which it was received, so that it can be normalized again. */
export type StoredSpan = { receivedAtMs: number; traceId: string; spanId: string } & (
  { span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined }
);

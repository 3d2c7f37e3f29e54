import type { OtlpLog, OtlpSpan } from '../../model/otlp.ts';
import type { EvidenceRecord } from '../../model/record.ts';
import type { Losses } from '../connection/port.ts';

export type { Losses };

/** Commits spans and span events: the raw evidence from which everything else is derived. */
export interface EvidenceWriter {
  /**
   * Encodes records in the store's own form, so that records which wait for a commit take little
   * memory.
   */
  prepareSpans(batch: number, records: readonly EvidenceRecord[]): PreparedSpans;
  /** Commits what this store prepared, in ascending batches. */
  insertSpans(prepared: readonly PreparedSpans[]): Promise<void>;
}

/** Reads evidence as it was received, so that it can be projected again. */
export interface EvidenceReader {
  /**
   * Returns the highest batch number ever inserted, and the last one that the flow rows include.
   */
  watermarks(): Promise<{ lastBatch: number; derivedBatch: number; lastReceivedMs: number }>;
  /** Yields every record of later batches, in blocks, oldest batch first. */
  replay(afterBatch: number): AsyncIterable<StoredSpan[]>;
  /**
   * Yields evidence of batches up to this one that is in no row: whole traces to project again,
   * then flows that share spans with others. `all` yields every trace. A block has some thousand
   * spans. It does not trust `watermarks`, because the rows that carry them may be lost as well.
   */
  unprojected(all: boolean, upToBatch: number): AsyncIterable<Unprojected>;
  /** Reports flow rows that were lost; absent where an operator takes care of the disks. */
  readonly losses?: Losses;
}

/** Holds prepared rows; only the store that made the value reads it. */
export interface PreparedSpans {
  readonly count: number;
}

export interface Unprojected {
  spans: StoredSpan[];
  flowIds: string[];
  /** Counts the traces that follow, as far as it is known by now. */
  left: number;
}

/** Holds a record in the shape in which it was received, so that it can be normalized again. */
export type StoredSpan = { receivedAtMs: number; traceId: string; spanId: string } & (
  { span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined }
);

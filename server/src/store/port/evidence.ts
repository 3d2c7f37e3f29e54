import type { OtlpLog, OtlpSpan } from '../../model/otlp.ts';
import type { EvidenceRecord } from '../../model/record.ts';
import type { Losses } from '../connection/port.ts';

export type { Losses };

/** Commits spans and span events, from which all other stored data is derived. */
export interface EvidenceWriter {
  /**
   * Encodes records in the form in which the store inserts them. In this form, records that wait
   * for a commit need little memory.
   */
  prepareSpans(batch: number, records: readonly EvidenceRecord[]): PreparedSpans;
  /**
   * Commits rows that were encoded by `prepareSpans` of the same store, in ascending order of
   * batches.
   */
  insertSpans(prepared: readonly PreparedSpans[]): Promise<void>;
}

/** Reads spans and events as they were received, so that flows can be projected from them again. */
export interface EvidenceReader {
  /**
   * Returns the highest batch number ever inserted, the last batch that the stored flows include,
   * and the time when the last record was received, epoch ms.
   */
  watermarks(): Promise<{ lastBatch: number; derivedBatch: number; lastReceivedMs: number }>;
  /** Yields every record of the batches after `afterBatch`, in blocks, oldest batch first. */
  replay(afterBatch: number): AsyncIterable<StoredSpan[]>;
  /**
   * Yields spans of batches up to `upToBatch` that no stored flow includes: first whole traces to
   * project again, then the ids of flows that share spans with other flows. If `all` is true,
   * yields every trace. A block holds a few thousand spans. The method does not use the watermarks,
   * because the rows that hold them may be lost as well.
   */
  unprojected(all: boolean, upToBatch: number): AsyncIterable<Unprojected>;
  /**
   * Reports lost rows of flows. Undefined for an external ClickHouse server, whose operator is
   * responsible for rows that its disks lose.
   */
  readonly losses?: Losses;
}

/** Rows that are ready for the commit. Only the store that created this object can insert it. */
export interface PreparedSpans {
  readonly count: number;
}

export interface Unprojected {
  spans: StoredSpan[];
  flowIds: string[];
  /** Number of traces that remain to be read after this block, as far as the store knows. */
  left: number;
}

/** A record in the shape in which it was received, so that it can be normalized again. */
export type StoredSpan = {
  receivedAtMs: number;
  traceId: string;
  spanId: string;
  /**
   * Records with the same span id and different content, which are not shown in any flow. Usually
   * absent.
   */
  sameId?: StoredSpan[];
} & ({ span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined });

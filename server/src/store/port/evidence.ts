import type { OtlpLog, OtlpSpan } from '../../model/otlp.ts';
import type { EvidenceRecord } from '../../model/record.ts';
import type { Losses } from '../connection/port.ts';

export type { Losses };

/**
 * Commits spans and span events. They are the raw evidence from which everything else is derived.
 */
export interface EvidenceWriter {
  /**
   * Encodes records in the store's own form, in which records that wait for a commit take little
   * memory.
   */
  prepareSpans(batch: number, records: readonly EvidenceRecord[]): PreparedSpans;
  /** Commits rows that `prepareSpans` of this store returned, in ascending order of batches. */
  insertSpans(prepared: readonly PreparedSpans[]): Promise<void>;
}

/** Reads evidence as it was received, so that the evidence can be projected again. */
export interface EvidenceReader {
  /**
   * Returns the highest batch number ever inserted, the last batch that the rows of flows include,
   * and the time when the last record was received.
   */
  watermarks(): Promise<{ lastBatch: number; derivedBatch: number; lastReceivedMs: number }>;
  /** Yields every record of the batches after `afterBatch`, in blocks, oldest batch first. */
  replay(afterBatch: number): AsyncIterable<StoredSpan[]>;
  /**
   * Yields evidence of batches up to `upToBatch` that no row of a flow includes: first whole traces
   * to project again, then the ids of flows that share spans with other flows. If `all` is true,
   * every trace is yielded. A block has some thousand spans. The method does not rely on
   * `watermarks`, because the rows that carry these numbers may be lost as well.
   */
  unprojected(all: boolean, upToBatch: number): AsyncIterable<Unprojected>;
  /**
   * Reports rows of flows that were lost. Absent if an operator takes care of the server's disks.
   */
  readonly losses?: Losses;
}

/** Rows that are ready for the commit. Only the store that made this object can read it. */
export interface PreparedSpans {
  readonly count: number;
}

export interface Unprojected {
  spans: StoredSpan[];
  flowIds: string[];
  /** Number of traces that are known to follow after this block. */
  left: number;
}

/** A record in the shape in which it was received, so that it can be normalized again. */
export type StoredSpan = {
  receivedAtMs: number;
  traceId: string;
  spanId: string;
  /** Lists records with the same id and another content, which no flow shows; often absent. */
  sameId?: StoredSpan[];
} & ({ span: OtlpSpan; log?: undefined } | { log: OtlpLog; span?: undefined });

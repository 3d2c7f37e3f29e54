import type { Lease, Memory } from '../base/memory.ts';
import { traceIdOf } from '../model/span.ts';
import type { Losses, QueryRows } from './connection/port.ts';
import type { EvidenceReader, EvidenceWriter, PreparedSpans, StoredSpan } from './port/index.ts';
import type { ReadLag } from './read-lag.ts';
import { createRowBinary } from './rows/row-binary.ts';
import { fromSpanRow, SPAN_COLUMNS, spanRows, type SpanRow } from './rows/span.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import {
  batchesAfter,
  LAST_DERIVED_BATCH,
  LAST_RECORD,
  RECORDS_OF_BATCHES,
  RECORDS_OF_TRACES,
} from './sql/evidence.sql.ts';
import type { TableWriter } from './table-writer.ts';
import { createUnprojected } from './unprojected.ts';

/** Reads and writes table `records`, which contains all acknowledged spans and events. */
export interface Evidence extends EvidenceWriter, EvidenceReader {
  /**
   * Returns all records of each of these spans, by span key. `catchUp` is one of the functions of
   * `ReadLag`. By default, the method waits until all acknowledged spans are in the table.
   */
  spansAt: (
    keys: readonly string[],
    catchUp?: () => Promise<void>,
  ) => Promise<Map<string, StoredSpan[]>>;
}

export interface EvidenceOptions {
  query: QueryRows;
  writer: TableWriter;
  lag: ReadLag;
  readRows: ReadRows;
  retentionDays: number;
  now: () => number;
  losses: Losses | undefined;
}

interface PreparedRows extends PreparedSpans {
  rows: Lease;
}

interface Batch {
  batch: string;
  spans: string;
  bytes: string;
}

/**
 * Maximum number of rows of a block. A block is the result of one of the queries that together read
 * a whole table.
 */
const BLOCK = 20_000;
/**
 * Maximum size of a block of records, bytes. Records may be large, and the server could not start
 * if a block exceeded the engine's memory.
 */
const BLOCK_BYTES = 32 * 1024 * 1024;
const BATCHES_LISTED = 5000;
/**
 * Maximum number of traces in one query. The traces are scattered over the table, so each query
 * reads nearly all of it, and few large queries are better than many small ones. Trace ids need no
 * escaping, so a query has room for many of them.
 */
const TRACES_AT_ONCE = 2500;

export function createEvidence({
  query,
  writer,
  lag,
  readRows,
  retentionDays,
  now,
  losses,
}: EvidenceOptions): Evidence {
  const memory: Memory = writer.memory;
  const rowBinary = createRowBinary();
  const unprojected = createUnprojected(query, retentionDays, now);

  async function* recordsOf(
    traces: readonly string[],
    catchUp = lag.catchUp,
  ): AsyncIterable<SpanRow[]> {
    await catchUp();
    for (let i = 0; i < traces.length; i += TRACES_AT_ONCE)
      yield query<SpanRow>(RECORDS_OF_TRACES, { traces: traces.slice(i, i + TRACES_AT_ONCE) });
  }

  return {
    prepareSpans: (batch, records): PreparedRows => ({
      count: records.length,
      rows: spanRows(rowBinary, batch, records, memory),
    }),
    async insertSpans(prepared) {
      const rows = (prepared as readonly PreparedRows[])
        .filter(({ count }) => count > 0)
        .map(({ rows }) => rows);
      if (rows.length === 0) return;
      await writer.insertRows('records', SPAN_COLUMNS, rows);
    },
    async watermarks() {
      await lag.catchUp();
      const [spans] = await query<{ last: string; received: string }>(LAST_RECORD);
      const [flows] = await query<{ batch: string }>(LAST_DERIVED_BATCH);
      const derivedBatch = Number(flows?.batch ?? 0);
      return {
        lastBatch: Math.max(Number(spans?.last ?? 0), derivedBatch),
        derivedBatch,
        lastReceivedMs: Number(spans?.received ?? 0),
      };
    },
    async *replay(afterBatch) {
      await lag.catchUp();
      for (let after = afterBatch; ;) {
        const batches = await query<Batch>(batchesAfter(BATCHES_LISTED), { after });
        if (batches.length === 0) return;
        for (const upTo of endsOfBlocks(batches)) {
          const rows = await query<SpanRow>(RECORDS_OF_BATCHES, { after, upTo });
          yield readRows(rows, fromSpanRow);
          after = upTo;
        }
      }
    },
    ...(losses && { losses }),
    async *unprojected(all, upToBatch) {
      for await (const { traces, left } of unprojected.traces(all, upToBatch)) {
        const spans: StoredSpan[] = [];
        for await (const rows of recordsOf(traces)) spans.push(...readRows(rows, fromSpanRow));
        yield { spans, flowIds: [], left };
      }
      for await (const flowIds of unprojected.overlapping(upToBatch))
        yield { spans: [], flowIds, left: 0 };
    },
    async spansAt(keys, catchUp) {
      const spans = new Map<string, StoredSpan[]>();
      for await (const rows of recordsOf([...new Set(keys.map(traceIdOf))], catchUp))
        for (const { key, stored } of readRows(rows, (row) => ({
          key: row.trace_id + row.span_id,
          stored: fromSpanRow(row),
        }))) {
          const list = spans.get(key);
          if (list) list.push(stored);
          else spans.set(key, [stored]);
        }
      return spans;
    },
  };
}

/**
 * Yields the last batch number of each block. A block consists of whole batches, and has at least
 * one batch.
 */
function* endsOfBlocks(batches: readonly Batch[]): Generator<number> {
  let spans = 0;
  let bytes = 0;
  for (const [i, one] of batches.entries()) {
    spans += Number(one.spans);
    bytes += Number(one.bytes);
    const next = batches[i + 1];
    const isFull =
      next && (spans + Number(next.spans) > BLOCK || bytes + Number(next.bytes) > BLOCK_BYTES);
    if (next && !isFull) continue;
    yield Number(one.batch);
    spans = 0;
    bytes = 0;
  }
}

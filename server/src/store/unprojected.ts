import type { QueryRows } from './connection/port.ts';
import {
  COUNT_DIGITS,
  overlappingFlows,
  RECORDS_UP_TO,
  TRACE_DIGITS,
  tracesOfShare,
  type Share,
} from './sql/unprojected.sql.ts';

/**
 * Finds spans that no stored flow includes. Nothing records which rows should exist, so the reader
 * compares all spans in `records` with the spans of the newest version of every flow. It processes
 * shares of the traces one after the other, because the engine holds the hashes of all spans of a
 * share in memory.
 */
export interface UnprojectedEvidence {
  /**
   * Yields traces that have a span of a batch up to `claim` which no stored flow includes; every
   * trace if `all` is true. `left` is the number of remaining traces in the current share.
   */
  traces(all: boolean, claim: number): AsyncIterable<{ traces: string[]; left: number }>;
  /**
   * Yields the ids of flows that share a span with another flow. An outdated version becomes
   * visible as such a flow if the newer version's row was lost.
   */
  overlapping(claim: number): AsyncIterable<string[]>;
}

/** Number of spans in a share. The engine needs about 60 MB for their hashes. */
const SPANS_OF_SHARE = 1_000_000;
/** Number of spans at which a block of traces is complete. A single trace may be larger. */
const SPANS_OF_BLOCK = 5000;
const FLOWS_OF_BLOCK = 500;
const DAY_MS = 86_400_000;
const IN_BACKGROUND = 'max_execution_time = 600, max_threads = 1';

export function createUnprojected(
  query: QueryRows,
  retentionDays: number,
  now: () => number,
): UnprojectedEvidence {
  const sharesUpTo = async (claim: number): Promise<Share[]> => {
    const [records] = await query<{ spans: string }>(RECORDS_UP_TO, { claim });
    const of = Math.max(1, Math.ceil(Number(records?.spans ?? 0) / SPANS_OF_SHARE));
    return Array.from({ length: of }, (_, index) => ({ index, of }));
  };
  return {
    async *traces(all, claim) {
      const shares = await sharesUpTo(claim);
      // Omit traces older than the retention, because their flows may have been removed on purpose
      // and their records are about to expire.
      const sinceMs = Math.max(0, now() - retentionDays * DAY_MS);
      for (const share of shares) {
        const [found] = await query<{ traces: string }>(
          tracesOfShare(share, sinceMs, all),
          { claim },
          IN_BACKGROUND,
        );
        yield* blocksOf(found?.traces ?? '');
      }
    },
    async *overlapping(claim) {
      for (const share of await sharesUpTo(claim)) {
        const found = await query<{ id: string }>(overlappingFlows(share), {}, IN_BACKGROUND);
        for (let from = 0; from < found.length; from += FLOWS_OF_BLOCK)
          yield found.slice(from, from + FLOWS_OF_BLOCK).map(({ id }) => id);
      }
    },
  };
}

/** Reads the text that `tracesOfShare` selects, and yields its traces in blocks. */
function* blocksOf(text: string): Generator<{ traces: string[]; left: number }> {
  const digits = TRACE_DIGITS + COUNT_DIGITS;
  let traces: string[] = [];
  let size = 0;
  for (let at = 0; at < text.length; at += digits) {
    traces.push(text.slice(at, at + TRACE_DIGITS));
    size += Number.parseInt(text.slice(at + TRACE_DIGITS, at + digits), 16);
    if (size < SPANS_OF_BLOCK) continue;
    yield { traces, left: (text.length - at) / digits - 1 };
    traces = [];
    size = 0;
  }
  if (traces.length > 0) yield { traces, left: 0 };
}

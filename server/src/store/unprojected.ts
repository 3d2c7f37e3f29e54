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
 * Finds evidence that no row of a flow includes. No list tells which rows there should be, so the
 * reader searches `records` for spans that no newest version of a row has. It works through shares
 * of the traces, one after the other, because the engine holds the hashes of all spans of a share
 * in memory.
 */
export interface UnprojectedEvidence {
  /**
   * Yields traces with a span that is of a batch up to `claim` and in no row. If `all` is true,
   * every trace is yielded. `left` is the number of traces of the same share that follow.
   */
  traces(all: boolean, claim: number): AsyncIterable<{ traces: string[]; left: number }>;
  /**
   * Yields the ids of flows that share a span with another flow. Among them are outdated versions
   * whose newer versions were lost.
   */
  overlapping(claim: number): AsyncIterable<string[]>;
}

/** Number of spans in a share. Their hashes take some 60 MB in the engine. */
const SPANS_OF_SHARE = 1_000_000;
/** Number of spans at which a block ends. A block has at least one trace, however large. */
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
      // Leave out older traces, because their flows may have been removed on purpose and their
      // records are about to expire.
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

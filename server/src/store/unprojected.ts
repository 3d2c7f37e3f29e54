import type { Param } from './connection/port.ts';

/**
 * Evidence that no flow row includes, found without a list of what there should be: spans of `records` that are in no
 * newest version of a row. By hash of the trace, some at a time: the engine holds the hashes of their spans.
 */
export interface Evidence {
  /** Traces of which a span of a batch up to `claim` is in no row; `all`: every trace. */
  traces(all: boolean, claim: number): AsyncIterable<{ traces: string[]; left: number }>;
  /** Flows that share a span: versions of before, where the newer ones were lost. */
  doubled(claim: number): AsyncIterable<string[]>;
}

type Query = <Row>(sql: string, params?: Record<string, Param>, settings?: string) => Promise<Row[]>;

/** Of one look: some 60 MB in the engine. */
const SPANS_AT_ONCE = 1_000_000;
/** Handed over together, and at least one trace. */
const SIZE_GIVEN = 5000;
/** A large record counts for many. */
const BYTES_LIKE_A_SPAN = 8192;
const COUNT_DIGITS = 8;
const TRACE_DIGITS = 32;
const AT_LEISURE = 'max_execution_time = 600, max_threads = 1';

/** Rows of earlier versions hold span ids by trace, as JSON. */
const MEMBERS = `if(startsWith(members, '{'),
  arrayFlatten(arrayMap(one -> arrayMap(span -> concat(one.1, span), one.2), JSONExtractKeysAndValues(members, 'Array(String)'))),
  splitByChar(',', members))`;

export function createEvidence(query: Query, retentionDays: number, now: () => number): Evidence {
  const plan = async (claim: number): Promise<{ looks: number; since: number }> => {
    const [records] = await query<{ spans: string }>(
      'SELECT count() AS spans FROM records WHERE batch <= {claim:UInt64}',
      { claim },
    );
    return {
      looks: Math.max(1, Math.ceil(Number(records?.spans ?? 0) / SPANS_AT_ONCE)),
      // What is older may have left on purpose, and its records are about to.
      since: Math.max(0, now() - retentionDays * 86_400_000),
    };
  };
  const keys = (look: number, looks: number): string =>
    `arrayFilter(key -> cityHash64(substring(key, 1, ${TRACE_DIGITS})) % ${looks} = ${look}, ${MEMBERS})`;
  const rows = 'FROM flows FINAL WHERE deleted != 1';

  return {
    async *traces(all, claim) {
      const { looks, since } = await plan(claim);
      for (let look = 0; look < looks; look++) {
        const isMissing = `countIf(cityHash64(concat(trace_id, span_id)) NOT IN (SELECT cityHash64(arrayJoin(${keys(look, looks)})) ${rows})) > 0`;
        const found = await query<{ traces: string }>(
          `SELECT arrayStringConcat(groupArray(concat(trace_id, leftPad(hex(toUInt32(least(size, 0xFFFFFFFF))), ${COUNT_DIGITS}, '0')))) AS traces
           FROM (SELECT trace_id, count() + intDiv(sum(length(record)), ${BYTES_LIKE_A_SPAN}) AS size FROM records
             WHERE batch <= {claim:UInt64} AND received_ms >= ${since} AND cityHash64(trace_id) % ${looks} = ${look}
               AND length(trace_id) = ${TRACE_DIGITS}
             GROUP BY trace_id HAVING ${all ? '1' : isMissing})`,
          { claim },
          AT_LEISURE,
        );
        yield* inPieces(found[0]?.traces ?? '');
      }
    },
    async *doubled(claim) {
      const { looks } = await plan(claim);
      for (let look = 0; look < looks; look++) {
        const hashes = `SELECT id, cityHash64(arrayJoin(${keys(look, looks)})) AS key ${rows}`;
        const found = await query<{ id: string }>(
          `SELECT DISTINCT id FROM (${hashes}) WHERE key IN (SELECT key FROM (${hashes}) GROUP BY key HAVING count() > 1) ORDER BY id`,
          {},
          AT_LEISURE,
        );
        for (let from = 0; from < found.length; from += 500)
          yield found.slice(from, from + 500).map(({ id }) => id);
      }
    },
  };
}

function* inPieces(text: string): Generator<{ traces: string[]; left: number }> {
  const digits = TRACE_DIGITS + COUNT_DIGITS;
  let traces: string[] = [];
  let size = 0;
  for (let at = 0; at < text.length; at += digits) {
    traces.push(text.slice(at, at + TRACE_DIGITS));
    size += Number.parseInt(text.slice(at + TRACE_DIGITS, at + digits), 16);
    if (size < SIZE_GIVEN) continue;
    yield { traces, left: (text.length - at) / digits - 1 };
    traces = [];
    size = 0;
  }
  if (traces.length > 0) yield { traces, left: 0 };
}

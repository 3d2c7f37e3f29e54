import type { Lease } from '../base/memory.ts';
import { traceIdOf } from '../model/span.ts';
import { unixNanos } from '../model/time.ts';
import type { QueryRows } from './connection/port.ts';
import type {
  LogPage,
  LogPosition,
  LogReader,
  LogSearch,
  LogWriter,
  PreparedLogs,
} from './port/index.ts';
import type { ReadLag } from './read-lag.ts';
import { keysOf } from './rows/flow.ts';
import { fromLogRow, LOG_COLUMNS, logRows, type LogRow } from './rows/log.ts';
import { createRowBinary } from './rows/row-binary.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import { SPANS_OF_FLOW } from './sql/flows.sql.ts';
import { logIndex, LOGS_BY_IDS, LOGS_DROPPED, SPANS_RECEIVED } from './sql/logs.sql.ts';
import type { TableWriter } from './table-writer.ts';

export interface LogsOptions {
  query: QueryRows;
  writer: TableWriter;
  lag: ReadLag;
  readRows: ReadRows;
}

interface PreparedRows extends PreparedLogs {
  rows: Lease;
}

/**
 * Maximum number of log records that are read for a flow. At most 2,000 records are kept for each
 * trace, but a flow may have many traces.
 */
const MAX_LISTED = 20_000;
/** Maximum number of traces of a flow whose log records are read. */
const MAX_TRACES = 2500;

const NONE: LogPage = {
  ...{ items: [], total: 0, next: null, truncated: false },
  ...{ severities: new Map(), services: new Map(), dropped: { records: 0, errors: 0 } },
};

/**
 * Reads and writes table `logs`, which contains log records that are shown next to the spans of the
 * same trace.
 */
export function createLogs({ query, writer, lag, readRows }: LogsOptions): LogWriter & LogReader {
  const rowBinary = createRowBinary();
  const memory = writer.memory;

  return {
    prepareLogs: (records, dropped): PreparedRows => ({
      count: records.length,
      rows: logRows(rowBinary, records, dropped, memory),
    }),
    insertLogs: (prepared) =>
      writer.insertRows(
        'logs',
        LOG_COLUMNS,
        (prepared as readonly PreparedRows[]).map(({ rows }) => rows),
      ),
    async logsOf(flowId, search) {
      const [row] = await query<{ members: string; context: string }>(SPANS_OF_FLOW, {
        id: flowId,
      });
      if (row === undefined) return NONE;
      const members = new Set([...keysOf(row.members), ...keysOf(row.context)]);
      const all = [...new Set([...members].map(traceIdOf))];
      const traces = all.slice(0, MAX_TRACES);
      const [isComplete] = await Promise.all([lag.tryToCatchUpLogs(), lag.tryToCatchUp()]);
      const { text } = search;
      const params = { traces, ...(text !== '' && { text }) };
      const [found, [dropped]] = await Promise.all([
        query<IndexRow>(logIndex(MAX_LISTED + 1, text !== ''), params),
        query<{ records: string; errors: string }>(LOGS_DROPPED, { traces }),
      ]);
      const own = await ownOf(query, found.slice(0, MAX_LISTED), members);
      const { page, ...answer } = pageOf(own, search);
      const rows =
        page.length === 0
          ? []
          : await query<LogRow>(LOGS_BY_IDS, {
              traces: [...new Set(page.map((one) => one.trace_id))],
              ids: page.map(({ id }) => id),
            });
      const places = new Map(page.map((one, i) => [one.trace_id + one.id, i]));
      const placeOf = ({ traceId, id }: { traceId: string; id: string }): number =>
        places.get(traceId + id) ?? -1;
      return {
        ...answer,
        items: readRows(rows, fromLogRow)
          .filter((log) => placeOf(log) >= 0)
          .sort((a, b) => placeOf(a) - placeOf(b)),
        dropped: { records: Number(dropped?.records ?? 0), errors: Number(dropped?.errors ?? 0) },
        truncated: !isComplete || found.length > MAX_LISTED || all.length > traces.length,
      };
    },
  };
}

interface IndexRow {
  trace_id: string;
  span_id: string;
  id: string;
  time_ns: string;
  received_ms: string;
  position: number;
  severity: number;
  service: string;
  matches: number;
}

/**
 * Returns the records that belong to the flow, oldest first. Several flows may share a trace. So a
 * record is omitted if its span was received and belongs only to another flow.
 */
async function ownOf(
  query: QueryRows,
  rows: readonly IndexRow[],
  members: ReadonlySet<string>,
): Promise<IndexRow[]> {
  const isElsewhere = (row: IndexRow): boolean =>
    row.span_id !== '' && !members.has(row.trace_id + row.span_id);
  const doubtful = rows.filter(isElsewhere);
  const received = new Set<string>();
  if (doubtful.length > 0)
    for (const row of await query<{ trace_id: string; span_id: string }>(SPANS_RECEIVED, {
      traces: [...new Set(doubtful.map((one) => one.trace_id))],
      spans: [...new Set(doubtful.map((one) => one.span_id))],
    }))
      received.add(row.trace_id + row.span_id);
  return rows
    .filter((row) => !isElsewhere(row) || !received.has(row.trace_id + row.span_id))
    .map((row) => ({ row, time: BigInt(row.time_ns), received: Number(row.received_ms) }))
    .sort(inOrder)
    .map(({ row }) => row);
}

function pageOf(
  rows: readonly IndexRow[],
  { severity, service, spans, after: from, limit }: LogSearch,
): Pick<LogPage, 'total' | 'next' | 'severities' | 'services'> & { page: IndexRow[] } {
  const wanted = spans && new Set(spans);
  const found = rows.filter(
    (row) =>
      row.severity >= severity &&
      (service === undefined || row.service === service) &&
      (wanted === undefined || wanted.has(row.span_id)) &&
      row.matches === 1,
  );
  const rest = from ? after(found, from) : found;
  const page = rest.slice(0, limit);
  const last = page.length < rest.length ? page[page.length - 1] : undefined;
  return {
    page,
    total: found.length,
    next: last === undefined ? null : positionOf(last),
    severities: countsOf(rows.map((row) => row.severity)),
    services: countsOf(rows.map((row) => row.service)),
  };
}

const positionOf = ({ time_ns, id }: IndexRow): LogPosition => ({
  time: unixNanos(BigInt(time_ns)),
  id,
});

interface Placed {
  row: IndexRow;
  time: bigint;
  received: number;
}

/** Orders records by time, and records with the same time by their arrival. */
const inOrder = (a: Placed, b: Placed): number =>
  a.time !== b.time
    ? a.time < b.time
      ? -1
      : 1
    : a.received - b.received ||
      a.row.position - b.row.position ||
      (a.row.id < b.row.id ? -1 : a.row.id > b.row.id ? 1 : 0);

/**
 * Returns the records after a position. If the record at this position no longer exists, returns
 * the records with a later time.
 */
function after(rows: readonly IndexRow[], { time, id }: LogPosition): readonly IndexRow[] {
  const at = rows.findIndex((row) => row.id === id && BigInt(row.time_ns) === time);
  if (at >= 0) return rows.slice(at + 1);
  return rows.filter((row) => BigInt(row.time_ns) > time);
}

function countsOf<T>(values: readonly T[]): Map<T, number> {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

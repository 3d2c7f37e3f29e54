import { isDeepStrictEqual } from 'node:util';
import type { FlowOrder } from '../model/search.ts';
import { unixNanos } from '../model/time.ts';
import type { QueryRows } from './connection/port.ts';
import type { Evidence } from './evidence.ts';
import type { FlowReader, FlowScanner, StoredSpan } from './port/index.ts';
import type { ReadLag } from './read-lag.ts';
import { createRelatives } from './relatives.ts';
import { sharingFlows } from './shared-keys.ts';
import { chunksOf, type ReadChunks } from './rows/chunked-reader.ts';
import { fromFlowRow, keysOf, type StoredFlowRow } from './rows/flow.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import {
  ALIASES_OF_FLOW,
  FLOW_BY_ID,
  FLOWS_BY_IDS,
  FLOWS_BY_IDS_IN_ORDER,
  FLOWS_BY_OTHER_NAME,
  flowsCount,
  flowsPage,
  flowsWithFindingsBlock,
  NAME_OF_FLOW,
  openFlowsBlock,
  SPANS_OF_FLOW,
  SPANS_OF_FLOWS,
} from './sql/flows.sql.ts';
import { searchWhere } from './sql/search.sql.ts';

export interface FlowReaderOptions {
  query: QueryRows;
  spansAt: Evidence['spansAt'];
  lag: ReadLag;
  readRows: ReadRows;
  readChunks: ReadChunks;
  now: () => number;
}

/**
 * Maximum number of rows of a block. A block is the result of one of the queries that together read
 * a whole table.
 */
const BLOCK = 20_000;
/**
 * Setting for queries of rows with large texts. Small blocks bound the memory, because the engine
 * holds several blocks of each part at a time.
 */
const SMALL_BLOCKS = 'max_block_size = 1024';
/** Maximum number of tombstones that are followed from a former id to the current id of a flow. */
const MAX_RENAMES = 16;

export function createFlowReader(
  options: FlowReaderOptions,
): Omit<FlowReader, 'isBehind'> & FlowScanner {
  const { query, lag, now } = options;
  const relatives = createRelatives(query);
  return {
    ...createFlowScanner(options),
    listFlows: (search) => listFlows(options, search),
    findFlow: (name) => findFlow(query, name),
    async getFlow(id) {
      const [[row], aliases] = await Promise.all([
        query<StoredFlowRow>(FLOW_BY_ID, { id }),
        query<{ id: string }>(ALIASES_OF_FLOW, { id }),
      ]);
      if (row === undefined) return null;
      const found = fromFlowRow(row, now());
      found.flow.aliases = aliases.map((alias) => alias.id);
      return found;
    },
    familyOf: (flow) => relatives.of(flow),
    sharingOf: (flow) => sharingFlows(query, flow),
    async spansOf(id, limit) {
      const [row] = await query<{ members: string; context: string }>(SPANS_OF_FLOW, { id });
      if (row === undefined) return { items: [], total: 0, incomplete: false };
      const keys = [...new Set([...keysOf(row.members), ...keysOf(row.context)])];
      const spans = await options.spansAt(keys, lag.tryToCatchUp);
      const found = keys.flatMap((key) => shownOf(spans.get(key) ?? []));
      found.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
      const incomplete = found.length < keys.length;
      return { items: found.slice(0, limit), total: found.length, incomplete };
    },
    async spansOfFlows(ids) {
      const rows: SpanKeysRow[] = [];
      for (const some of chunksOf(ids))
        rows.push(...(await query<SpanKeysRow>(SPANS_OF_FLOWS, { ids: some })));
      const keysOfRow = ({ members, context }: SpanKeysRow): Set<string> =>
        new Set([...keysOf(members), ...keysOf(context)]);
      const all = rows.flatMap((row) => [...keysOfRow(row)]);
      const spans = await options.spansAt(all, lag.tryToCatchUp);
      return new Map(
        rows.map((row) => {
          const own = [...keysOfRow(row)]
            .flatMap((key) => shownOf(spans.get(key) ?? []))
            .flatMap(({ sameId = [], ...span }) => [span, ...sameId]);
          return [row.id, own.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1))];
        }),
      );
    },
  };
}

function createFlowScanner({ query, readRows, readChunks, now }: FlowReaderOptions): FlowScanner {
  /**
   * Reads rows in blocks, in order of the primary key, so that memory is bounded in the engine and
   * in this process.
   */
  async function* blocksOf<Row extends { id: string }>(sql: string): AsyncIterable<Row[]> {
    for (let after = ''; ;) {
      const rows = await query<Row>(sql, { after });
      if (rows.length === 0) return;
      yield rows;
      after = rows[rows.length - 1]!.id;
    }
  }
  return {
    async *openFlows() {
      for await (const rows of blocksOf<OpenFlowRow>(openFlowsBlock(now(), BLOCK)))
        yield rows.map((row) => ({
          id: row.id,
          type: row.type,
          settlesAtMs: Number(row.settles_at),
          lookAtMs: Number(row.look_at),
        }));
    },
    async *flowsWithFindings() {
      for await (const found of blocksOf<{ id: string }>(flowsWithFindingsBlock(BLOCK)))
        for await (const rows of readChunks(
          found.map(({ id }) => id),
          (ids) => query<StoredFlowRow>(FLOWS_BY_IDS_IN_ORDER, { ids }, SMALL_BLOCKS),
        ))
          yield readRows(rows, (row) => fromFlowRow(row, now()).flow);
    },
    async flowsByIds(ids) {
      const rows: StoredFlowRow[] = [];
      for (const some of chunksOf(ids))
        rows.push(...(await query<StoredFlowRow>(FLOWS_BY_IDS, { ids: some })));
      return readRows(rows, (row) => fromFlowRow(row, now()));
    },
  };
}

const NEWEST_FIRST: FlowOrder = { by: 'started', ascends: false };

interface SpanKeysRow {
  id: string;
  members: string;
  context: string;
}

interface OpenFlowRow {
  id: string;
  type: string;
  settles_at: string;
  look_at: string;
}

async function listFlows(
  { query, readRows, now }: FlowReaderOptions,
  search: Parameters<FlowReader['listFlows']>[0],
): ReturnType<FlowReader['listFlows']> {
  const { after, limit, order = NEWEST_FIRST } = search;
  const at = after?.atMs ?? Math.floor(now());
  const { where, params } = searchWhere(search, at);
  const position = after && {
    ...{ afterValue: after.value, afterStarted: after.started, afterId: after.id },
  };
  const [rows, counts] = await Promise.all([
    // Who only counts, as the views of the dashboard do, pays for one query.
    limit === 0
      ? []
      : query<StoredFlowRow & { value: string }>(flowsPage(at, where, order, after !== undefined), {
          ...params,
          ...position,
          limit,
        }),
    query<{ total: string }>(flowsCount(at, where), params),
  ]);
  const last = rows.length < limit ? undefined : rows.at(-1);
  return {
    items: readRows(rows, (row) => fromFlowRow(row, now())),
    total: Number(counts[0]?.total ?? 0),
    next: last
      ? {
          ...{ atMs: at, value: BigInt(last.value), id: last.id },
          started: unixNanos(BigInt(last.started)),
        }
      : null,
  };
}

async function findFlow(query: QueryRows, name: string): Promise<string[]> {
  const lookUp = async (id: string): Promise<{ deleted: number; moved_to: string } | undefined> =>
    (await query<{ deleted: number; moved_to: string }>(NAME_OF_FLOW, { name: id }))[0];
  // Look the name up as a flow id first. Most names are ids, and this query needs only the primary
  // key.
  const direct = await lookUp(name);
  if (direct?.deleted === 0) return [name];
  let moved = direct?.moved_to ?? '';
  for (let renames = 0; moved !== '' && renames < MAX_RENAMES; renames++) {
    const next = await lookUp(moved);
    if (next?.deleted !== 1) return next ? [moved] : [];
    moved = next.moved_to;
  }
  const rows = await query<{ id: string }>(FLOWS_BY_OTHER_NAME, { name });
  return rows.map((row) => row.id);
}

/**
 * Selects the record to show of several records of one span: the record that ends last, the same
 * choice as `compareDuplicates` makes. Other records with different content are attached as
 * `sameId`.
 */
function shownOf(records: readonly StoredSpan[]): StoredSpan[] {
  const [first, ...others] = [...records].sort((a, b) => compareTimes(b, a));
  if (first === undefined) return [];
  const sameId = others.filter((one, i) =>
    [first, ...others.slice(0, i)].every((other) => !isSame(one, other)),
  );
  return [sameId.length === 0 ? first : { ...first, sameId }];
}

function compareTimes(a: StoredSpan, b: StoredSpan): number {
  const [x, y] = [endOf(a), endOf(b)];
  if (x !== y) return x < y ? -1 : 1;
  return startOf(a) < startOf(b) ? -1 : startOf(a) > startOf(b) ? 1 : 0;
}

const isSame = (a: StoredSpan, b: StoredSpan): boolean =>
  isDeepStrictEqual([a.span, a.log], [b.span, b.log]);

const endOf = (stored: StoredSpan): bigint => (stored.span ? stored.span.end : stored.log.time);
const startOf = (stored: StoredSpan): bigint => (stored.span ? stored.span.start : stored.log.time);

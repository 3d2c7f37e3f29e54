import { FermataError, messageOf } from '../base/errors.ts';
import { cutTo } from '../base/lists.ts';
import { createMemory, type Lease } from '../base/memory.ts';
import { ORIGIN, SPAN, TRACE, WORTHLESS } from '../model/names.ts';
import type { FlowSearch } from '../model/search.ts';
import { traceIdOf } from '../model/span.ts';
import { unixNanos } from '../model/time.ts';
import type { Connection, Param } from './connection/port.ts';
import {
  FLOW_COLUMNS,
  flowRows,
  fromFlowRow,
  keysOf,
  SUMMARY_FIELDS,
  type StoredFlowRow,
} from './rows/flow.ts';
import { migrate, type SchemaOptions } from './schema/migrate.ts';
import { inPieces, isTooBig, type ReadPieces } from './rows/chunked-reader.ts';
import type { FlowTypeRow, PreparedSpans, ServiceRow, Store, StoredFlow, StoredSpan } from './port/index.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import { createRelatives } from './relatives.ts';
import { toSql } from './sql/search.sql.ts';
import { smallTables, type InsertJson } from './document-tables.ts';
import { createEvidence } from './unprojected.ts';
import { fromSpanRow, SPAN_COLUMNS, SPAN_FIELDS, spanRows, type SpanRow } from './rows/span.ts';

interface PreparedRows extends PreparedSpans {
  rows: Lease;
}

/** Rows of a block where a table is read as a whole. */
const BLOCK = 20_000;
/** Of records, which may be large, so much is read in one go where start depends on it. */
const BLOCK_BYTES = 32 * 1024 * 1024;
const BATCHES_LISTED = 5000;
/** Of rows with texts the engine holds some blocks of each part at a time. */
const SMALL_BLOCKS = 'max_block_size = 1024';
/** Of these nothing is escaped. Each query reads nearly all of a table over which they are strewn: few are better. */
const TRACES_AT_ONCE = 2500;
/** Flows whose names are hashed in one query: some megabytes of hashes. */
const NAMED_AT_ONCE = 100_000;
const sqlName = (name: string): string => name.replaceAll('\0', '\\0');
/** Flow types, and services, of one list. */
const MOST_LISTED = 1000;
/** Of one of them, services, flow types and destinations … */
const MOST_NAMED = 50;
/** … and versions. */
const MOST_VERSIONS = 20;
/** Rows of so many flows are made in one go, some 15 ms; spans come in between. */
const FLOWS_AT_ONCE = 250;

/** The one implementation of the port: ClickHouse's dialect over either connection. */
export function createStoreOver(
  connection: Connection,
  schema: SchemaOptions,
  now: () => number,
  readRows: ReadRows,
  readPieces: ReadPieces,
): Store {
  let stopped = false;
  const memory = createMemory();
  const inFlight = new Set<Promise<unknown>>();
  const tracked = async <T>(work: Promise<T>): Promise<T> => {
    inFlight.add(work);
    try {
      return await work;
    } catch (cause) {
      if (cause instanceof FermataError) throw cause;
      throw new FermataError('store.unavailable', messageOf(cause), {
        cause,
        retryable: true,
        hint: 'Check the disk of FERMATA_DATA_DIR, or the ClickHouse server.',
      });
    } finally {
      inFlight.delete(work);
    }
  };
  const query = <Row>(sql: string, params?: Record<string, Param>, settings?: string): Promise<Row[]> =>
    tracked(connection.query<Row>(sql, params, settings));

  const relatives = createRelatives(query);
  const evidence = createEvidence(query, schema.retentionDays, now);
  const insertJson: InsertJson = (table, columns, rows) =>
    tracked(
      connection.insert(table, columns, 'JSONCompactEachRow', [
        Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
      ]),
    );
  const insertRows = async (
    table: string,
    columns: readonly string[],
    rows: readonly Lease[],
  ): Promise<void> => {
    await tracked(
      connection.insert(
        table,
        columns,
        'RowBinary',
        rows.map(({ bytes }) => bytes),
      ),
    );
    // Not where it failed: a request that was given up may still be sending them.
    for (const lease of rows) lease.release();
  };

  /** Newest version of each flow, or unattributed span, among `ids` (a query); tombstones left out. */
  const newest = (fields: string, ids: string): string =>
    `SELECT ${fields} FROM flows FINAL WHERE id IN (${ids}) AND deleted != 1`;

  /** Flows as they are seen at `now`: `viewAt` in SQL, for what is filtered and counted there. */
  const seen = (condition = '1'): string => {
    const settled = `(settles_as != '' AND settles_at <= ${now()})`;
    return `(SELECT * REPLACE (if(${settled}, 'ended', phase) AS phase, if(${settled}, settles_as, outcome) AS outcome, if(${settled}, settles_as, status) AS status) FROM flows FINAL WHERE deleted = 0 AND ${condition})`;
  };

  let isBehind = false;
  /** For people: what is in the table is an answer where the rest cannot be put there now. Correlation needs all of it. */
  const settledIfPossible = async (): Promise<void> => {
    isBehind = await tracked(connection.settled()).then(
      () => false,
      () => true,
    );
  };
  const allSettled = (): Promise<void> => tracked(connection.settled());
  async function* recordsOf(traces: readonly string[], settled = allSettled): AsyncIterable<SpanRow[]> {
    await settled();
    for (let i = 0; i < traces.length; i += TRACES_AT_ONCE)
      yield query<SpanRow>(`SELECT ${SPAN_FIELDS} FROM records WHERE trace_id IN {traces:Array(String)}`, {
        traces: traces.slice(i, i + TRACES_AT_ONCE),
      });
  }
  /** Every record of each of these spans. */
  const spansAt = async (
    keys: readonly string[],
    settled = allSettled,
  ): Promise<Map<string, StoredSpan[]>> => {
    const spans = new Map<string, StoredSpan[]>();
    for await (const rows of recordsOf([...new Set(keys.map(traceIdOf))], settled))
      for (const { key, stored } of readRows(rows, (row) => ({
        key: row.trace_id + row.span_id,
        stored: fromSpanRow(row),
      }))) {
        const list = spans.get(key);
        if (list) list.push(stored);
        else spans.set(key, [stored]);
      }
    return spans;
  };

  /** `wanted`: of rows that were found by a trace, only those that hold one of these spans. */
  const loadWhere = async (
    ids: string,
    params: Record<string, Param>,
    wanted: { spans: ReadonlySet<string>; tokens: ReadonlySet<string> },
    onToken: (token: string) => void,
  ): Promise<StoredFlow[]> => {
    const rows = await query<LoadedRow>(newest(LOADED_FIELDS, ids), params);
    return withSpans(rows, ({ keys, tokens }) => {
      const has = tokens.filter((token) => wanted.tokens.has(token));
      has.forEach(onToken);
      return has.length > 0 || keys.some((key) => wanted.spans.has(key));
    });
  };
  const withSpans = async (
    rows: LoadedRow[],
    isWanted: (row: { keys: string[]; tokens: string[] }) => boolean = () => true,
  ): Promise<StoredFlow[]> => {
    const flows = readRows(rows, ({ members, causes, ...row }) => ({
      ...row,
      keys: keysOf(members),
      causes: JSON.parse(causes) as StoredFlow['causes'],
    })).filter(isWanted);
    if (flows.length === 0) return [];
    const spans = await spansAt(flows.flatMap((flow) => flow.keys));
    return flows.map(({ id, version, keys, causes }) => ({
      id,
      version: Number(version),
      members: keys.flatMap((key) => spans.get(key) ?? []),
      causes,
    }));
  };

  /** Flow rows in blocks, by primary key: bounded memory on both sides. */
  async function* flowBlocks<Row extends { id: string }>(fields: string, from: string): AsyncIterable<Row[]> {
    for (let after = ''; ;) {
      const rows = await query<Row>(
        `SELECT ${fields} ${from} AND id > {after:String} ORDER BY id LIMIT ${BLOCK} WITH TIES`,
        { after },
      );
      if (rows.length === 0) return;
      yield rows;
      after = rows[rows.length - 1]!.id;
    }
  }

  /** The engine hashes: to hand over the names, and to hash them here, would take ten times as long. */
  async function* namesSince(
    sinceMs: number,
    onWorthless: (tokens: string[]) => void = () => undefined,
  ): AsyncIterable<Buffer> {
    const isA = (prefix: string): string => `startsWith(x, '${sqlName(prefix)}')`;
    const named = `arrayFilter(x -> NOT ${isA(ORIGIN)} AND NOT ${isA(WORTHLESS)}, tokens)`;
    const names = `arrayConcat(${named}, arrayMap(x -> concat('${sqlName(TRACE)}', x), trace_ids))`;
    const hash = "concat(leftPad(hex(murmurHash3_32(x)), 8, '0'), leftPad(hex(murmurHash2_32(x)), 8, '0'))";
    const open = `(phase != 'ended' AND (settles_as = '' OR settles_at > ${now()}) OR look_at > 0)`;
    let atOnce = NAMED_AT_ONCE;
    for (let after: string | undefined = ''; after !== undefined;) {
      const next: { id: string }[] = await query<{ id: string }>(
        `SELECT id FROM flows WHERE id > {after:String} ORDER BY id LIMIT 1 OFFSET ${atOnce}`,
        { after },
      );
      const upTo = next[0]?.id;
      // Grouped as the engine comes by them: one text of them all would be copied again and again.
      const read = query<{ hashes: string; worthless: string[] }>(
        `SELECT arrayStringConcat(groupArray(arrayStringConcat(arrayMap(x -> ${hash}, ${names})))) AS hashes,
           groupUniqArrayArray(arrayFilter(x -> ${isA(WORTHLESS)}, tokens)) AS worthless
         FROM flows WHERE id > {after:String} AND ({upTo:String} = '' OR id <= {upTo:String})
         AND deleted != 1 AND (last_received >= ${sinceMs} OR ${open}) GROUP BY blockNumber()`,
        { after, upTo: upTo ?? '' },
      );
      let rows: Awaited<typeof read>;
      try {
        rows = await read;
      } catch (error) {
        if (!isTooBig(error) || atOnce === 1) throw error;
        atOnce = Math.ceil(atOnce / 10);
        continue;
      }
      for (const { hashes, worthless } of rows) {
        if (worthless.length > 0) onWorthless(worthless.map((mark) => mark.slice(WORTHLESS.length)));
        yield Buffer.from(hashes, 'hex');
      }
      after = upTo;
    }
  }

  return {
    kind: connection.kind,
    get isBehind() {
      return isBehind;
    },
    async start() {
      await connection.open();
      await migrate(connection, schema);
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      await Promise.allSettled([...inFlight]);
      await connection.close();
    },
    prepareSpans: (batch, records): PreparedRows => ({
      count: records.length,
      rows: spanRows(batch, records, memory),
    }),
    async insertSpans(prepared) {
      const rows = (prepared as readonly PreparedRows[])
        .filter(({ count }) => count > 0)
        .map(({ rows }) => rows);
      if (rows.length === 0) return;
      await insertRows('records', SPAN_COLUMNS, rows);
    },
    async insertFlows(changes, upToBatch, settlesAt) {
      if (changes.length === 0) return;
      const rows: Lease[] = [];
      for (let from = 0; from < changes.length; from += FLOWS_AT_ONCE) {
        if (from > 0) await new Promise((resolve) => setImmediate(resolve));
        rows.push(flowRows(changes.slice(from, from + FLOWS_AT_ONCE), upToBatch, settlesAt, memory));
      }
      await insertRows('flows', FLOW_COLUMNS, rows);
    },
    async watermarks() {
      await tracked(connection.settled());
      const [spans] = await query<{ last: string; received: string }>(
        'SELECT max(batch) AS last, max(received_ms) AS received FROM records',
      );
      const [flows] = await query<{ batch: string }>('SELECT max(up_to_batch) AS batch FROM flows');
      const derivedBatch = Number(flows?.batch ?? 0);
      return {
        lastBatch: Math.max(Number(spans?.last ?? 0), derivedBatch),
        derivedBatch,
        lastReceivedMs: Number(spans?.received ?? 0),
      };
    },
    async *replay(afterBatch) {
      await tracked(connection.settled());
      for (let after = afterBatch; ;) {
        const batches = await query<{ batch: string; spans: string; bytes: string }>(
          `SELECT batch, count() AS spans, sum(length(record)) AS bytes FROM records
           WHERE batch > {after:UInt64} GROUP BY batch ORDER BY batch LIMIT ${BATCHES_LISTED}`,
          { after },
        );
        if (batches.length === 0) return;
        for (const upTo of endsOfBlocks(batches)) {
          const rows = await query<SpanRow>(
            `SELECT ${SPAN_FIELDS} FROM records WHERE batch > {after:UInt64} AND batch <= {upTo:UInt64} ORDER BY batch`,
            { after, upTo },
          );
          yield readRows(rows, fromSpanRow);
          after = upTo;
        }
      }
    },
    ...(connection.losses && { losses: connection.losses }),
    async *unincluded(all, upToBatch) {
      for await (const { traces, left } of evidence.traces(all, upToBatch)) {
        const spans: StoredSpan[] = [];
        for await (const rows of recordsOf(traces)) spans.push(...readRows(rows, fromSpanRow));
        yield { spans, flowIds: [], left };
      }
      for await (const flowIds of evidence.doubled(upToBatch)) yield { spans: [], flowIds, left: 0 };
    },
    async names(most, onWorthless) {
      if (most === 0) return { all: false, hashes: namesSince(Number.MAX_SAFE_INTEGER, onWorthless) };
      const minutes = await query<{ minute: string; names: string }>(
        `SELECT intDiv(last_received, 60000) AS minute, sum(length(trace_ids) + length(tokens)) AS names
         FROM flows WHERE deleted != 1 GROUP BY minute ORDER BY minute DESC`,
      );
      let left = most;
      const tooMany = minutes.find(({ names }) => (left -= Number(names)) < 0);
      const since = tooMany === undefined ? 0 : (Number(tooMany.minute) + 1) * 60_000;
      return { all: since === 0, hashes: namesSince(since, onWorthless) };
    },
    async *openFlows() {
      for await (const rows of flowBlocks<{ id: string; type: string; settles_at: string; look_at: string }>(
        'id, type, settles_at, look_at',
        `FROM ${seen()} WHERE (phase != 'ended' OR look_at > 0)`,
      ))
        yield rows.map((row) => ({
          id: row.id,
          type: row.type,
          settlesAtMs: Number(row.settles_at),
          lookAtMs: Number(row.look_at),
        }));
    },
    async loadByNames(names, bound) {
      const spans = new Set<string>();
      const tokens = new Set<string>();
      for (const name of names)
        if (name.startsWith(SPAN)) spans.add(name.slice(SPAN.length));
        else tokens.add(name);
      const traces = new Set([...spans].map(traceIdOf));
      const flows = new Map<string, StoredFlow>();
      const wanted = { spans, tokens };
      const counts = new Map<string, number>();
      const load = async (column: string, names: string[], most?: number): Promise<void> => {
        for (const flow of await loadWhere(haveOneOf(column, most), { names }, wanted, (token) =>
          counts.set(token, (counts.get(token) ?? 0) + 1),
        ))
          flows.set(flow.id, flow);
      };
      for (const some of inPieces(traces)) await load('trace_ids', some);
      for (const some of inPieces(tokens)) await load('tokens', some, bound?.most);
      for (const [token, count] of counts) if (bound && count >= bound.most) bound.onCut(token);
      return [...flows.values()];
    },
    async loadByIds(ids) {
      const found: LoadedRow[] = [];
      const asked = new Set(ids);
      // A tombstone leads to a name that may be gone, too.
      for (let next = [...asked]; next.length > 0;) {
        const moved: string[] = [];
        for (const some of inPieces(next))
          for (const row of await query<LoadedRow>(
            `SELECT ${LOADED_FIELDS} FROM flows FINAL WHERE id IN {ids:Array(String)}`,
            { ids: some },
          ))
            if (row.deleted !== 1) found.push(row);
            else if (row.moved_to !== '') moved.push(row.moved_to);
        next = [...new Set(moved)].filter((id) => !asked.has(id));
        for (const id of next) asked.add(id);
      }
      return withSpans(found);
    },
    ...smallTables({ query, insertJson, readRows, readPieces }),
    async *flowsWithFindings() {
      for await (const found of flowBlocks<{ id: string }>(
        'id',
        'FROM flows FINAL WHERE deleted = 0 AND notEmpty(finding_rules)',
      ))
        for await (const rows of readPieces(
          found.map(({ id }) => id),
          (ids) =>
            query<StoredFlowRow>(
              `SELECT ${SUMMARY_FIELDS} FROM flows FINAL WHERE id IN {ids:Array(String)} AND deleted = 0 ORDER BY id`,
              { ids },
              SMALL_BLOCKS,
            ),
        ))
          yield readRows(rows, (row) => fromFlowRow(row, now()).flow);
    },
    async flowsByIds(ids) {
      const rows: StoredFlowRow[] = [];
      for (const some of inPieces(ids))
        rows.push(
          ...(await query<StoredFlowRow>(
            `SELECT ${SUMMARY_FIELDS} FROM flows FINAL WHERE id IN {ids:Array(String)} AND deleted = 0`,
            { ids: some },
          )),
        );
      return readRows(rows, (row) => fromFlowRow(row, now()));
    },
    async listFlows(search) {
      const { where, params } = conditionsOf(search, now());
      const from = `FROM ${seen()} WHERE ${where}`;
      const page = search.after
        ? ' AND (started < {afterStarted:UInt64} OR (started = {afterStarted:UInt64} AND id < {afterId:String}))'
        : '';
      if (search.after) {
        params['afterStarted'] = search.after.started;
        params['afterId'] = search.after.id;
      }
      const [rows, counts] = await Promise.all([
        query<StoredFlowRow>(
          `SELECT ${SUMMARY_FIELDS} ${from}${page} ORDER BY started DESC, id DESC LIMIT {limit:UInt32}`,
          { ...params, limit: search.limit },
        ),
        query<{ total: string }>(`SELECT count() AS total ${from}`, params),
      ]);
      const last = rows.length < search.limit ? undefined : rows[rows.length - 1];
      return {
        items: readRows(rows, (row) => fromFlowRow(row, now())),
        total: Number(counts[0]?.total ?? 0),
        next: last ? { started: unixNanos(BigInt(last.started)), id: last.id } : null,
      };
    },
    async findFlow(name) {
      // Most names are ids: answer them from the primary key before looking anywhere else.
      const direct = await query<{ id: string; deleted: number; moved_to: string }>(
        'SELECT id, deleted, moved_to FROM flows FINAL WHERE id = {name:String}',
        { name },
      );
      if (direct[0]?.deleted === 0) return [direct[0].id];
      let moved = direct[0]?.moved_to ?? '';
      for (let hops = 0; moved !== '' && hops < 16; hops++) {
        const [next] = await query<{ deleted: number; moved_to: string }>(
          'SELECT deleted, moved_to FROM flows FINAL WHERE id = {name:String}',
          { name: moved },
        );
        if (next?.deleted !== 1) return next ? [moved] : [];
        moved = next.moved_to;
      }
      const rows = await query<{ id: string }>(
        `SELECT id FROM flows FINAL WHERE deleted = 0 AND (
           flow_id = {name:String} OR has(key_values, {name:String}) OR has(trace_ids, {name:String})
           OR arrayExists(t -> endsWith(t, concat(char(0), {name:String})), tokens)
           OR (length({name:String}) = 16 AND position(members, {name:String}) > 0)
         ) ORDER BY started DESC LIMIT 100`,
        { name },
      );
      return rows.map((row) => row.id);
    },
    async getFlow(id) {
      const [row] = await query<StoredFlowRow>(
        `SELECT ${SUMMARY_FIELDS}, timeline, members, context FROM flows FINAL WHERE id = {id:String} AND deleted = 0`,
        { id },
      );
      if (row === undefined) return null;
      const aliases = await query<{ id: string }>(
        'SELECT id FROM flows FINAL WHERE deleted = 1 AND moved_to = {id:String} ORDER BY id LIMIT 100',
        { id },
      );
      const found = fromFlowRow(row, now());
      found.flow.aliases = aliases.map((alias) => alias.id);
      found.flow.relations.push(...(await relatives.of(found.flow)));
      return found;
    },
    async spansOf(id, limit) {
      const [row] = await query<{ members: string; context: string }>(
        newest('members, context', '{id:String}'),
        { id },
      );
      if (row === undefined) return { items: [], total: 0, incomplete: false };
      const keys = [...new Set([...keysOf(row.members), ...keysOf(row.context)])];
      const spans = await spansAt(keys, settledIfPossible);
      const found = keys.flatMap((key) => spans.get(key)?.[0] ?? []);
      found.sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1));
      const incomplete = found.length < keys.length;
      return { items: found.slice(0, limit), total: found.length, incomplete };
    },
    async flowTypes() {
      const rows = await query<FlowTypeRow & Record<'flows' | 'open' | 'failed' | 'stuck', string>>(
        `SELECT type, environment, count() AS flows, countIf(phase != 'ended') AS open, countIf(status = 'failed') AS failed,
           countIf(health = 'stuck') AS stuck, arraySort(groupUniqArrayArray(${MOST_NAMED + 1})(services)) AS services,
           quantile(0.5)(duration_ms) AS p50DurationMs, quantile(0.95)(duration_ms) AS p95DurationMs,
           toString(max(started)) AS lastStarted
         FROM ${seen()} GROUP BY type, environment ORDER BY flows DESC LIMIT ${MOST_LISTED + 1}`,
      );
      const typed = rows.map((row) => ({
        ...row,
        services: row.services.slice(0, MOST_NAMED),
        incomplete: row.services.length > MOST_NAMED,
        flows: Number(row.flows),
        open: Number(row.open),
        failed: Number(row.failed),
        stuck: Number(row.stuck),
      }));
      return cutTo(typed, MOST_LISTED);
    },
    async stepNames() {
      const rows = await query<{ name: string }>(
        'SELECT arrayJoin(step_names) AS name FROM flows WHERE deleted = 0 GROUP BY name ORDER BY count() DESC LIMIT 500',
      );
      return rows.map((row) => row.name);
    },
    async services() {
      const rows = await query<ServiceRow & Record<'steps' | 'failedSteps', string>>(
        `SELECT s.1 AS name, environment, count() AS steps, countIf(s.2 = 'failed') AS failedSteps,
           arraySort(groupUniqArray(${MOST_NAMED + 1})(type)) AS flowTypes, toString(min(s.3)) AS firstSeen, toString(max(s.3)) AS lastSeen
         FROM flows FINAL ARRAY JOIN arrayZip(step_services, step_statuses, step_starts) AS s
         WHERE deleted = 0 GROUP BY name, environment ORDER BY name LIMIT ${MOST_LISTED + 1}`,
      );
      const ends = await query<{ name: string; environment: string; sends: string[]; consumes: string[] }>(
        `SELECT name, environment, arraySort(groupUniqArrayIf(${MOST_NAMED + 1})(destination, sending = 1)) AS sends,
           arraySort(groupUniqArrayIf(${MOST_NAMED + 1})(destination, sending = 0)) AS consumes
         FROM (
           SELECT h.1 AS name, environment, h.2 AS destination, 1 AS sending FROM flows FINAL ARRAY JOIN arrayZip(hop_from_services, hop_destinations) AS h WHERE deleted = 0
           UNION ALL
           SELECT h.1 AS name, environment, h.2 AS destination, 0 AS sending FROM flows FINAL ARRAY JOIN arrayZip(hop_to_services, hop_destinations) AS h WHERE deleted = 0
         ) WHERE name != '' GROUP BY name, environment`,
      );
      await settledIfPossible();
      const versions = await query<{ name: string; environment: string; versions: string[] }>(
        `SELECT service AS name, environment, arraySort(groupUniqArray(${MOST_VERSIONS + 1})(version)) AS versions
         FROM records WHERE service != '' GROUP BY service, environment`,
      );
      const find = <T extends { name: string; environment: string }>(
        list: T[],
        row: ServiceRow,
      ): T | undefined =>
        list.find((other) => other.name === row.name && other.environment === row.environment);
      const services = rows.map((row) => {
        const ways = find(ends, row);
        const flowTypes = cutTo(row.flowTypes, MOST_NAMED);
        const sends = cutTo(ways?.sends ?? [], MOST_NAMED);
        const consumes = cutTo(ways?.consumes ?? [], MOST_NAMED);
        const all = (find(versions, row)?.versions ?? []).filter((version) => version !== '');
        const ofVersions = cutTo(all, MOST_VERSIONS);
        return {
          ...row,
          steps: Number(row.steps),
          failedSteps: Number(row.failedSteps),
          flowTypes: flowTypes.items,
          sends: sends.items,
          consumes: consumes.items,
          versions: ofVersions.items,
          incomplete: [flowTypes, sends, consumes, ofVersions].some(({ incomplete }) => incomplete),
        };
      });
      return cutTo(services, MOST_LISTED);
    },
    ping: () => connection.ping().catch(() => false),
  };
}

/** Of a row whose spans are to be loaded. */
interface LoadedRow {
  id: string;
  version: string;
  deleted: number;
  moved_to: string;
  members: string;
  tokens: string[];
  causes: string;
}
const LOADED_FIELDS =
  "id, version, deleted, moved_to, members, tokens, if(deleted = 2, timeline, '[]') AS causes";

/**
 * Ids of flows with one of `names` in this column; of each name at most so many. The index decides which granules are read:
 * `hasAny` itself compares each name with each of a row's.
 */
function haveOneOf(column: string, most?: number): string {
  const where = `indexHint(hasAny(${column}, {names:Array(String)})) AND arrayExists(one -> one IN {names:Array(String)}, ${column})`;
  if (most === undefined) return `SELECT DISTINCT id FROM flows WHERE ${where}`;
  const name = `arrayJoin(arrayFilter(one -> one IN {names:Array(String)}, ${column}))`;
  return `SELECT id FROM (SELECT DISTINCT id, ${name} AS name FROM flows WHERE ${where} LIMIT ${most} BY name)`;
}

/** Batches with which a block of records ends: it holds whole batches, and at least one. */
function* endsOfBlocks(
  batches: readonly { batch: string; spans: string; bytes: string }[],
): Generator<number> {
  let spans = 0;
  let bytes = 0;
  for (const [i, one] of batches.entries()) {
    spans += Number(one.spans);
    bytes += Number(one.bytes);
    const next = batches[i + 1];
    const isFull = next && (spans + Number(next.spans) > BLOCK || bytes + Number(next.bytes) > BLOCK_BYTES);
    if (next && !isFull) continue;
    yield Number(one.batch);
    spans = 0;
    bytes = 0;
  }
}

const startOf = (stored: StoredSpan): bigint => (stored.span ? stored.span.start : stored.log.time);

/** A search as SQL: fixed text, values bound. */
function conditionsOf(search: FlowSearch, nowMs: number): { where: string; params: Record<string, Param> } {
  const where = ['1'];
  const params: Record<string, Param> = {};
  const anyOf = (column: string, name: string, values: string[] | undefined): void => {
    if (!values || values.length === 0) return;
    where.push(`${column} IN {${name}:Array(String)}`);
    params[name] = values;
  };
  anyOf('type', 'types', search.types);
  anyOf('status', 'statuses', search.statuses);
  anyOf('environment', 'environments', search.environments);
  if (search.services && search.services.length > 0) {
    where.push('hasAny(services, {services:Array(String)})');
    params['services'] = search.services;
  }
  if (search.incidents) {
    where.push('hasAny(incident_keys, {incidents:Array(String)})');
    params['incidents'] = search.incidents;
  }
  if (search.key !== undefined && search.key !== '') {
    const at = search.key.indexOf('=');
    params['keyValue'] = search.key.slice(at + 1);
    if (at > 0) {
      where.push(
        'arrayExists((n, v) -> n = {keyName:String} AND v = {keyValue:String}, key_names, key_values)',
      );
      params['keyName'] = search.key.slice(0, at);
    } else where.push('(has(key_values, {keyValue:String}) OR flow_id = {keyValue:String})');
  }
  if (search.query !== undefined) where.push(toSql(search.query, nowMs, params));
  if (search.from !== undefined) {
    where.push('started >= {from:UInt64}');
    params['from'] = search.from;
  }
  if (search.to !== undefined) {
    where.push('started < {to:UInt64}');
    params['to'] = search.to;
  }
  return { where: where.join(' AND '), params };
}

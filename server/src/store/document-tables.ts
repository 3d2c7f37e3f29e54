import type { Incident, Notification, Silence } from '../model/incident.ts';
import type { Param } from './connection/port.ts';
import type { LearnedRow, Store } from './port/index.ts';
import type { ReadPieces } from './rows/chunked-reader.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';

export type InsertJson = (
  table: string,
  columns: readonly string[],
  rows: readonly unknown[][],
) => Promise<void>;

interface Tables {
  query: <Row>(sql: string, params?: Record<string, Param>, settings?: string) => Promise<Row[]>;
  insertJson: InsertJson;
  readRows: ReadRows;
  readPieces: ReadPieces;
}

/** What is learned, told and kept: tables of some thousand rows, each a JSON text with a few columns to find it by. */
export function smallTables({
  query,
  insertJson,
  readRows,
  readPieces,
}: Tables): Pick<
  Store,
  | 'saveLearned'
  | 'learned'
  | 'saveIncidents'
  | 'incidents'
  | 'saveNotifications'
  | 'notifications'
  | 'saveSilence'
  | 'silences'
  | 'saveDocument'
  | 'documents'
> {
  /** `which`: their ids, in order. Bodies are read in pieces, for together they may be more than the engine can hold. */
  const bodies = async <T>(table: string, which: string): Promise<T[]> => {
    const ids = (await query<{ id: string }>(`SELECT id FROM ${table} FINAL ${which}`)).map(({ id }) => id);
    const found = new Map<string, T>();
    for await (const rows of readPieces(ids, (some) =>
      query<{ id: string; body: string }>(
        `SELECT id, body FROM ${table} FINAL WHERE id IN {ids:Array(String)}`,
        { ids: some },
        'max_block_size = 1024',
      ),
    ))
      readRows(rows, ({ id, body }) => void found.set(id, JSON.parse(body) as T));
    return ids.flatMap((id) => found.get(id) ?? []);
  };
  return {
    saveLearned: (models, savedMs) =>
      insertJson(
        'learned',
        ['environment', 'type', 'version', 'model'],
        models.map(({ environment, type, json }) => [environment, type, savedMs, json]),
      ),
    async learned() {
      const key = "concat(environment, '\\0', type)";
      const keys = await query<{ key: string }>(`SELECT ${key} AS key FROM learned FINAL`);
      const all: LearnedRow[] = [];
      for await (const rows of readPieces(
        keys.map((one) => one.key),
        (some) =>
          query<LearnedRow>(
            `SELECT environment, type, model AS json FROM learned FINAL WHERE ${key} IN {keys:Array(String)}`,
            { keys: some },
            'max_block_size = 1024',
          ),
      ))
        all.push(...rows);
      return all;
    },
    saveIncidents: (incidents) =>
      insertJson(
        'incidents',
        ['id', 'version', 'body'],
        incidents.map((one) => [one.id, one.version, JSON.stringify(one)]),
      ),
    incidents: () =>
      bodies<Incident>(
        'incidents',
        "ORDER BY JSONExtractString(body, 'status') = 'open' DESC, version DESC LIMIT 2000",
      ),
    saveNotifications: (notifications) =>
      insertJson(
        'notifications',
        ['id', 'version', 'state', 'created', 'body'],
        notifications.map((one) => [one.id, one.version, one.state, one.createdAt, JSON.stringify(one)]),
      ),
    notifications: (limit) =>
      bodies<Notification>(
        'notifications',
        `ORDER BY state IN ('waiting', 'pending') DESC, created DESC, id LIMIT ${limit}`,
      ),
    saveSilence: (silence) =>
      insertJson(
        'silences',
        ['id', 'version', 'body'],
        [[silence.id, silence.version, JSON.stringify(silence)]],
      ),
    silences: () => bodies<Silence>('silences', 'ORDER BY version DESC LIMIT 1000'),
    saveDocument: (kind, id, version, body) =>
      insertJson('documents', ['kind', 'id', 'version', 'body'], [[kind, id, version, body]]),
    documents: (kind) =>
      query("SELECT id, body FROM documents FINAL WHERE kind = {kind:String} AND body != '' ORDER BY id", {
        kind,
      }),
  };
}

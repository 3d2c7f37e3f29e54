import type { Incident, Notification, Silence } from '../model/incident.ts';
import type { Param } from './connection.ts';
import type { Store } from './port.ts';
import type { ReadRows } from './readable.ts';

export type InsertJson = (
  table: string,
  columns: readonly string[],
  rows: readonly unknown[][],
) => Promise<void>;

interface Tables {
  query: <Row>(sql: string, params?: Record<string, Param>) => Promise<Row[]>;
  insertJson: InsertJson;
  readRows: ReadRows;
}

/** What is learned, told and kept: tables of some thousand rows, each a JSON text with a few columns to find it by. */
export function smallTables({
  query,
  insertJson,
  readRows,
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
  const bodies = async <T>(sql: string): Promise<T[]> =>
    readRows(await query<{ body: string }>(sql), ({ body }) => JSON.parse(body) as T);
  return {
    saveLearned: (models, savedMs) =>
      insertJson(
        'learned',
        ['environment', 'type', 'version', 'model'],
        models.map(({ environment, type, json }) => [environment, type, savedMs, json]),
      ),
    learned: () => query('SELECT environment, type, model AS json FROM learned FINAL'),
    saveIncidents: (incidents) =>
      insertJson(
        'incidents',
        ['id', 'version', 'body'],
        incidents.map((one) => [one.id, one.version, JSON.stringify(one)]),
      ),
    incidents: () =>
      bodies<Incident>(
        "SELECT body FROM incidents FINAL ORDER BY JSONExtractString(body, 'status') = 'open' DESC, version DESC LIMIT 2000",
      ),
    saveNotifications: (notifications) =>
      insertJson(
        'notifications',
        ['id', 'version', 'state', 'created', 'body'],
        notifications.map((one) => [one.id, one.version, one.state, one.createdAt, JSON.stringify(one)]),
      ),
    notifications: (limit) =>
      bodies<Notification>(
        `SELECT body FROM notifications FINAL ORDER BY state IN ('waiting', 'pending') DESC, created DESC, id LIMIT ${limit}`,
      ),
    saveSilence: (silence) =>
      insertJson(
        'silences',
        ['id', 'version', 'body'],
        [[silence.id, silence.version, JSON.stringify(silence)]],
      ),
    silences: () => bodies<Silence>('SELECT body FROM silences FINAL ORDER BY version DESC LIMIT 1000'),
    saveDocument: (kind, id, version, body) =>
      insertJson('documents', ['kind', 'id', 'version', 'body'], [[kind, id, version, body]]),
    documents: (kind) =>
      query("SELECT id, body FROM documents FINAL WHERE kind = {kind:String} AND body != '' ORDER BY id", {
        kind,
      }),
  };
}

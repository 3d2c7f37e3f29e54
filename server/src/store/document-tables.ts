import type { Incident, Notification, Silence } from '../model/incident.ts';
import type { QueryRows } from './connection/port.ts';
import type { DocumentStore, IncidentStore, LearnedRow, LearnedStore } from './port/index.ts';
import type { ReadChunks } from './rows/chunked-reader.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import {
  bodiesByIds,
  DOCUMENTS_OF_KIND,
  INCIDENT_IDS,
  LEARNED_BY_KEYS,
  LEARNED_KEYS,
  notificationIds,
  SILENCE_IDS,
  type BodyTable,
} from './sql/documents.sql.ts';
import type { InsertJson } from './table-writer.ts';

export interface DocumentTablesOptions {
  query: QueryRows;
  insertJson: InsertJson;
  readRows: ReadRows;
  readChunks: ReadChunks;
}

/**
 * Setting for queries of rows with large texts. Small blocks bound the memory, because the engine
 * holds several blocks at a time.
 */
const SMALL_BLOCKS = 'max_block_size = 1024';

/**
 * Reads and writes the tables of learned models, incidents, notifications, silences and documents.
 * Each table holds a few thousand JSON texts, with columns to find the texts by.
 */
export const createDocumentTables = (
  options: DocumentTablesOptions,
): DocumentStore & LearnedStore & IncidentStore => ({
  ...createDocuments(options),
  ...createLearned(options),
  ...createIncidents(options),
});

const createDocuments = ({ query, insertJson }: DocumentTablesOptions): DocumentStore => ({
  saveDocument: (kind, id, version, body) =>
    insertJson('documents', ['kind', 'id', 'version', 'body'], [[kind, id, version, body]]),
  documents: (kind) => query(DOCUMENTS_OF_KIND, { kind }),
});

const createLearned = ({ query, insertJson, readChunks }: DocumentTablesOptions): LearnedStore => ({
  saveLearned: (models, savedMs) =>
    insertJson(
      'learned',
      ['environment', 'type', 'version', 'model'],
      models.map(({ environment, type, json }) => [environment, type, savedMs, json]),
    ),
  async learned() {
    const keys = await query<{ key: string }>(LEARNED_KEYS);
    const all: LearnedRow[] = [];
    for await (const rows of readChunks(
      keys.map((one) => one.key),
      (some) => query<LearnedRow>(LEARNED_BY_KEYS, { keys: some }, SMALL_BLOCKS),
    ))
      all.push(...rows);
    return all;
  },
});

function createIncidents({
  query,
  insertJson,
  readRows,
  readChunks,
}: DocumentTablesOptions): IncidentStore {
  /**
   * Returns the bodies of documents in the order of their ids. The bodies are read in chunks,
   * because all of them together may exceed the engine's memory.
   */
  const bodies = async <T>(table: BodyTable, idsInOrder: string): Promise<T[]> => {
    const ids = (await query<{ id: string }>(idsInOrder)).map(({ id }) => id);
    const found = new Map<string, T>();
    for await (const rows of readChunks(ids, (some) =>
      query<{ id: string; body: string }>(bodiesByIds(table), { ids: some }, SMALL_BLOCKS),
    ))
      readRows(rows, ({ id, body }) => void found.set(id, JSON.parse(body) as T));
    return ids.flatMap((id) => found.get(id) ?? []);
  };
  return {
    saveIncidents: (incidents) =>
      insertJson(
        'incidents',
        ['id', 'version', 'body'],
        incidents.map((one) => [one.id, one.version, JSON.stringify(one)]),
      ),
    incidents: () => bodies<Incident>('incidents', INCIDENT_IDS),
    saveNotifications: (notifications) =>
      insertJson(
        'notifications',
        ['id', 'version', 'state', 'created', 'body'],
        notifications.map((one) => [
          one.id,
          one.version,
          one.state,
          one.createdAt,
          JSON.stringify(one),
        ]),
      ),
    notifications: (limit) => bodies<Notification>('notifications', notificationIds(limit)),
    saveSilence: (silence) =>
      insertJson(
        'silences',
        ['id', 'version', 'body'],
        [[silence.id, silence.version, JSON.stringify(silence)]],
      ),
    silences: () => bodies<Silence>('silences', SILENCE_IDS),
  };
}

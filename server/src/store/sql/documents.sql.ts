import { sql } from './sql.ts';

/** Tables with a JSON text in column `body`, and further columns to find the text by. */
export type BodyTable = 'incidents' | 'notifications' | 'silences';

/** Selects the ids of incidents in the order in which incidents are listed: open ones first. */
export const INCIDENT_IDS = sql`
  SELECT id
  FROM incidents FINAL
  ORDER BY JSONExtractString(body, 'status') = 'open' DESC, version DESC
  LIMIT 2000`;

export const notificationIds = (limit: number): string => sql`
  SELECT id
  FROM notifications FINAL
  ORDER BY state IN ('waiting', 'pending') DESC, created DESC, id
  LIMIT ${limit}`;

export const SILENCE_IDS = sql`
  SELECT id
  FROM silences FINAL
  ORDER BY version DESC
  LIMIT 1000`;

export const bodiesByIds = (table: BodyTable): string => sql`
  SELECT id, body
  FROM ${table} FINAL
  WHERE id IN {ids:Array(String)}`;

const LEARNED_KEY = "concat(environment, '\\0', type)";

export const LEARNED_KEYS = sql`
  SELECT ${LEARNED_KEY} AS key
  FROM learned FINAL`;

export const LEARNED_BY_KEYS = sql`
  SELECT environment, type, model AS json
  FROM learned FINAL
  WHERE ${LEARNED_KEY} IN {keys:Array(String)}`;

export const DOCUMENTS_OF_KIND = sql`
  SELECT id, body
  FROM documents FINAL
  WHERE kind = {kind:String} AND body != ''
  ORDER BY id`;

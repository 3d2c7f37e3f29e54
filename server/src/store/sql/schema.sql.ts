import { sql } from './sql.ts';

/**
 * Creates the table of migrations. `schema/migrate.ts` replaces the placeholders in braces that
 * have no type.
 */
export const MIGRATIONS_TABLE = sql`
  CREATE TABLE IF NOT EXISTS migrations {on_cluster} (
    number UInt32,
    name String,
    at DateTime DEFAULT now()
  )
  ENGINE = {replicated}MergeTree
  ORDER BY number`;

export const MIGRATIONS_DONE = sql`
  SELECT DISTINCT number
  FROM migrations`;

export const modifyTtl = (table: string, ttl: string): string => sql`
  ALTER TABLE ${table} {on_cluster}
  MODIFY ${ttl}
  SETTINGS materialize_ttl_after_modify = 0`;

export const modifySetting = (table: string, setting: string): string =>
  `ALTER TABLE ${table} MODIFY SETTING ${setting}`;

import { sql } from './sql.ts';

/**
 * Selects a table by its name, from the engine's own tables (`system.*`). All queries of this file
 * read these tables.
 */
export const TABLE_BY_NAME = sql`
  SELECT name
  FROM system.tables
  WHERE database = currentDatabase() AND name = {table:String}`;

export const TABLE_DEFINITIONS = sql`
  SELECT name, create_table_query AS definition
  FROM system.tables
  WHERE database = currentDatabase()`;

/**
 * Selects the table of a part by the part's path. Error messages of the engine contain this path
 * and not the name of the table.
 */
export const TABLE_OF_PART = sql`
  SELECT table
  FROM system.parts
  WHERE database = currentDatabase() AND endsWith(path, {path:String})`;

export const ROWS_OF_PART = sql`
  SELECT rows
  FROM system.parts
  WHERE database = currentDatabase()
  AND active
  AND table = {table:String}
  AND name = {name:String}`;

/** Selects the parts that were written at most `seconds` before the newest part. */
export const latestParts = (seconds: number): string => sql`
  SELECT table, name
  FROM system.parts
  WHERE database = currentDatabase()
  AND active
  AND modification_time >= (
    SELECT max(modification_time)
    FROM system.parts
    WHERE database = currentDatabase()
  ) - ${seconds}`;

/** Selects the parts that the engine detached at its start because it could not load them. */
export const BROKEN_DETACHED_PARTS = sql`
  SELECT table, name, reason
  FROM system.detached_parts
  WHERE database = currentDatabase() AND reason LIKE 'broken%'`;

/** Identifies a part of a table by the engine's names for the table and the part. */
export interface PartName {
  table: string;
  name: string;
}

export const checkPart = ({ table, name }: PartName): string =>
  `CHECK TABLE ${table} PART '${name}'`;
export const detachPart = ({ table, name }: PartName): string =>
  `ALTER TABLE ${table} DETACH PART '${name}'`;

const rowsOfPart = ({ table, name }: PartName, from: number, to: number): string => sql`
  FROM ${table}
  WHERE _part = '${name}' AND _part_offset >= ${from} AND _part_offset < ${to}`;

/**
 * Returns a query that reads a range of rows in a part. The query fails if one of the rows is
 * unreadable.
 */
export const readRowsOfPart = (part: PartName, from: number, to: number): string => sql`
  SELECT sum(cityHash64(tuple(*)))
  ${rowsOfPart(part, from, to)}`;

export const copyRowsOfPart = (part: PartName, from: number, to: number): string => sql`
  INSERT INTO ${part.table}
  SELECT *
  ${rowsOfPart(part, from, to)}`;

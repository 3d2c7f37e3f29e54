import { sql } from './sql.ts';

/** What the engine tells of its own tables and their parts. */
export const TABLE_BY_NAME = sql`
  SELECT name
  FROM system.tables
  WHERE database = currentDatabase() AND name = {table:String}`;

export const TABLE_DEFINITIONS = sql`
  SELECT name, create_table_query AS definition
  FROM system.tables
  WHERE database = currentDatabase()`;

/** Where tables have no id of their own in the engine's lists, the path is theirs all the same. */
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

/** Parts that were written within so many seconds before the last one. */
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

/** Parts that the engine could not load, and put aside itself. */
export const BROKEN_DETACHED_PARTS = sql`
  SELECT table, name, reason
  FROM system.detached_parts
  WHERE database = currentDatabase() AND reason LIKE 'broken%'`;

/** A part of a table, as the engine names it. */
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

/** Fails where one of these rows cannot be read. */
export const readRowsOfPart = (part: PartName, from: number, to: number): string => sql`
  SELECT sum(cityHash64(tuple(*)))
  ${rowsOfPart(part, from, to)}`;

export const copyRowsOfPart = (part: PartName, from: number, to: number): string => sql`
  INSERT INTO ${part.table}
  SELECT *
  ${rowsOfPart(part, from, to)}`;

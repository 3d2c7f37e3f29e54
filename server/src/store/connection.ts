/** A bound parameter: `{name:Type}` in the SQL. Values never enter SQL text unescaped. */
export type Param = string | number | bigint | string[];

/** RowBinary for what is written in masses, JSON for small tables. TSV stands in journals of earlier versions. */
export type InsertFormat = 'RowBinary' | 'JSONCompactEachRow' | 'TSV';

/**
 * What the store needs of ClickHouse, embedded or remote. Both speak the same dialect; settings stand in the SQL
 * (settings passed aside leak into later queries of an embedded connection).
 */
export interface Connection {
  readonly kind: 'embedded' | 'clickhouse';
  open(): Promise<void>;
  /** Rows as objects; 64-bit integers are strings. */
  query<Row>(sql: string, params?: Record<string, Param>): Promise<Row[]>;
  command(sql: string): Promise<void>;
  /** Durable once resolved. `rows`: parts, one after the other; nobody looks at them after it resolved. */
  insert(
    table: string,
    columns: readonly string[],
    format: InsertFormat,
    rows: readonly Buffer[],
  ): Promise<void>;
  /** Resolves when queries see every insert that resolved before; rejects when they cannot now. */
  settled(): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

/** Every read is bounded: an abandoned request must not keep the engine busy. */
export const READ_SETTINGS =
  'SETTINGS max_execution_time = 10, max_memory_usage = 2000000000, output_format_json_quote_64bit_integers = 1';

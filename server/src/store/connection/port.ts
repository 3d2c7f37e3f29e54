/**
 * A parameter that is bound to `{name:Type}` in the SQL. A value is always escaped before it
 * becomes part of the SQL text.
 */
export type Param = string | number | bigint | string[];

/**
 * Returns rows as objects, in which 64-bit integers are strings. `settings` come after the settings
 * of every read, and so override these.
 */
export type QueryRows = <Row>(
  sql: string,
  params?: Record<string, Param>,
  settings?: string,
) => Promise<Row[]>;

/**
 * Formats of inserts. Large inserts use RowBinary, small tables use JSON. TSV is found only in
 * journals of earlier versions.
 */
export type InsertFormat = 'RowBinary' | 'JSONCompactEachRow' | 'TSV';

/**
 * Defines what the store needs of ClickHouse, embedded or remote. Both understand the same SQL.
 * Settings stand in the SQL text, because settings that are passed beside it leak into later
 * queries of an embedded connection.
 */
export interface Connection {
  readonly kind: 'embedded' | 'clickhouse';
  open(): Promise<void>;
  /** Runs a query. `settings` override the settings of every read. */
  query: QueryRows;
  command(sql: string): Promise<void>;
  /**
   * Inserts rows, which are durable once the promise has resolved. `rows` are the parts of one text
   * or byte sequence in order. They are not read after the promise has resolved.
   */
  insert(
    table: string,
    columns: readonly string[],
    format: InsertFormat,
    rows: readonly Buffer[],
  ): Promise<void>;
  /**
   * Resolves when queries see the rows of every insert into this table that resolved before.
   * Rejects if that is impossible now.
   */
  flush(table: string): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
  /**
   * Absent for a server that an operator runs, because the operator takes care of what the server's
   * disks lose.
   */
  readonly losses?: Losses;
}

/**
 * Reports rows of `flows` that were lost with a part of the table. These rows are derived, so they
 * can be projected again.
 */
export interface Losses {
  /** Number of losses in this run of the process. */
  readonly count: number;
  /**
   * True if rows were lost, in this run of the process or a previous one, and are not rebuilt yet.
   */
  readonly due: boolean;
  onLoss(listener: () => void): void;
  /** Tells that all losses up to this `count` are rebuilt. */
  rebuilt(count: number): void;
}

/**
 * Settings of every read. They bound the time and memory of the read, so that an abandoned request
 * does not keep the engine busy.
 */
const READ_SETTINGS =
  'SETTINGS max_execution_time = 10, max_memory_usage = 2000000000, output_format_json_quote_64bit_integers = 1';
export const bounded = (sql: string, settings = ''): string =>
  `${sql} ${READ_SETTINGS}${settings === '' ? '' : `, ${settings}`}`;

/**
 * A parameter of a query, written `{name:Type}` in the SQL. Its value is always escaped before it
 * becomes part of the SQL text.
 */
export type Param = string | number | bigint | string[];

/**
 * Runs a query and returns its rows as objects, in which 64-bit integers are strings. `settings`
 * are SQL settings that override `READ_SETTINGS`.
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
 * Defines what the store requires of a ClickHouse engine, embedded or remote. Both use the same
 * SQL. Settings are part of the SQL text, because settings passed as separate options would also
 * apply to later queries of an embedded connection.
 */
export interface Connection {
  readonly kind: 'embedded' | 'clickhouse';
  open(): Promise<void>;
  /** Runs a query. Its `settings` override `READ_SETTINGS`. */
  query: QueryRows;
  command(sql: string): Promise<void>;
  /**
   * Inserts rows, which are durable once the promise has resolved. `rows` are consecutive buffers
   * of one text or byte sequence. The buffers may be reused after the promise has resolved.
   */
  insert(
    table: string,
    columns: readonly string[],
    format: InsertFormat,
    rows: readonly Buffer[],
  ): Promise<void>;
  /**
   * Resolves when queries return the rows of every earlier insert into this table. Rejects if the
   * table refuses these rows now.
   */
  flush(table: string): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
  /**
   * Undefined for an external ClickHouse server, whose operator is responsible for rows that its
   * disks lose.
   */
  readonly losses?: Losses;
}

/**
 * Reports that rows of table `flows` were lost because a part of the table was broken or missing.
 * Such rows are derived from spans, so they can be rebuilt.
 */
export interface Losses {
  /** Number of times that rows were lost in this run of the process. */
  readonly count: number;
  /**
   * True if rows were lost, in this run of the process or in a previous run, and are not rebuilt
   * yet.
   */
  readonly due: boolean;
  onLoss(listener: () => void): void;
  /** Tells that all losses up to the given `count` are rebuilt. */
  rebuilt(count: number): void;
}

/**
 * Settings of every read. They limit the read's time and memory, so that a read whose client has
 * gone does not keep the engine busy.
 */
const READ_SETTINGS =
  'SETTINGS max_execution_time = 10, max_memory_usage = 2000000000, output_format_json_quote_64bit_integers = 1';
export const bounded = (sql: string, settings = ''): string =>
  `${sql} ${READ_SETTINGS}${settings === '' ? '' : `, ${settings}`}`;

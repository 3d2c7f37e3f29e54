/** Holds a bound parameter: `{name:Type}` in the SQL. Values never enter SQL text unescaped. */
export type Param = string | number | bigint | string[];

/**
 * Returns rows as objects; 64-bit integers are strings. `settings` come after those of every read.
 */
export type QueryRows = <Row>(
  sql: string,
  params?: Record<string, Param>,
  settings?: string,
) => Promise<Row[]>;

/**
 * Inserts use RowBinary for bulks and JSON for small tables. Only journals of earlier versions hold
 * TSV.
 */
export type InsertFormat = 'RowBinary' | 'JSONCompactEachRow' | 'TSV';

/**
 * Defines what the store needs of ClickHouse, embedded or remote. Both speak the same dialect.
 * Settings stand in the SQL, because settings passed aside leak into later queries of an embedded
 * connection.
 */
export interface Connection {
  readonly kind: 'embedded' | 'clickhouse';
  open(): Promise<void>;
  /** Queries; `settings` override those of every read. */
  query: QueryRows;
  command(sql: string): Promise<void>;
  /**
   * Inserts rows, durable once resolved. `rows` are parts that follow each other; they are not read
   * after it resolved.
   */
  insert(
    table: string,
    columns: readonly string[],
    format: InsertFormat,
    rows: readonly Buffer[],
  ): Promise<void>;
  /** Resolves when queries see every insert that resolved before; rejects when they cannot now. */
  flush(): Promise<void>;
  ping(): Promise<boolean>;
  close(): Promise<void>;
  /** Absent where an operator runs the server, and takes care of what its disks lose. */
  readonly losses?: Losses;
}

/**
 * Reports flow rows that were lost with a part of their table. They are derived, and can be
 * projected again.
 */
export interface Losses {
  /** Counts the losses of this run of the process. */
  readonly count: number;
  /**
   * Tells whether rows were lost, in this run of the process or a previous one, and are not
   * rebuilt.
   */
  readonly due: boolean;
  onLoss(listener: () => void): void;
  /** Reports that all losses up to this count are rebuilt. */
  rebuilt(count: number): void;
}

/** Bounds every read: an abandoned request must not keep the engine busy. */
const READ_SETTINGS =
  'SETTINGS max_execution_time = 10, max_memory_usage = 2000000000, output_format_json_quote_64bit_integers = 1';
export const bounded = (sql: string, settings = ''): string =>
  `${sql} ${READ_SETTINGS}${settings === '' ? '' : `, ${settings}`}`;

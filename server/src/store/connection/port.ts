/** A bound parameter: `{name:Type}` in the SQL. Values never enter SQL text unescaped. */
export type Param = string | number | bigint | string[];

/** Rows as objects; 64-bit integers are strings. `settings` come after those of every read. */
export type QueryRows = <Row>(
  sql: string,
  params?: Record<string, Param>,
  settings?: string,
) => Promise<Row[]>;

/**
 * RowBinary for what is written in masses, JSON for small tables. TSV stands in journals of earlier
 * versions.
 */
export type InsertFormat = 'RowBinary' | 'JSONCompactEachRow' | 'TSV';

/**
 * What the store needs of ClickHouse, embedded or remote. Both speak the same dialect; settings
 * stand in the SQL (settings passed aside leak into later queries of an embedded connection).
 */
export interface Connection {
  readonly kind: 'embedded' | 'clickhouse';
  open(): Promise<void>;
  /** `settings` count more than those of every read. */
  query: QueryRows;
  command(sql: string): Promise<void>;
  /**
   * Durable once resolved. `rows`: parts, one after the other; nobody looks at them after it
   * resolved.
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
  /** Absent: who runs the server takes care of what its disks lose. */
  readonly losses?: Losses;
}

/**
 * Flow rows that were lost with a part of their table. They are derived, and can be projected
 * again.
 */
export interface Losses {
  /** Counts the losses of this run of the process. */
  readonly count: number;
  /** Rows were lost, in this run of the process or before, and are not rebuilt. */
  readonly due: boolean;
  onLoss(listener: () => void): void;
  /** What was lost up to this count is there again. */
  rebuilt(count: number): void;
}

/** Every read is bounded: an abandoned request must not keep the engine busy. */
const READ_SETTINGS =
  'SETTINGS max_execution_time = 10, max_memory_usage = 2000000000, output_format_json_quote_64bit_integers = 1';
export const bounded = (sql: string, settings = ''): string =>
  `${sql} ${READ_SETTINGS}${settings === '' ? '' : `, ${settings}`}`;

import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import type { Log } from '../base/log.ts';
import type { Connection } from './connection/port.ts';
import { embeddedConnection } from './connection/embedded.ts';
import { journaled } from './connection/journaled.ts';
import { selfHealing } from './connection/self-healing.ts';
import { createReadChunks } from './rows/chunked-reader.ts';
import { createReadRows } from './rows/tolerant-reader.ts';
import { remoteConnection } from './connection/remote.ts';
import { LOG_COLUMNS } from './rows/log.ts';
import { SPAN_COLUMNS } from './rows/span.ts';
import { createStoreOver } from './store.ts';
import type { Store } from './port/index.ts';

export type * from './port/index.ts';

export interface StoreOptions {
  /** URL of a ClickHouse server; '' for the embedded engine, whose data is in `directory`. */
  clickhouseUrl: string;
  directory: string;
  cluster: string;
  retentionDays: number;
  memoryLimitBytes: number;
  clock: Clock;
  counters: Counters;
  log: Log;
}

export function createStore(options: StoreOptions): Store {
  const connection =
    options.clickhouseUrl === '' ? embedded(options) : remoteConnection(options.clickhouseUrl);
  return createStoreOver(
    connection,
    { retentionDays: options.retentionDays, cluster: options.cluster },
    () => options.clock.now(),
    createReadRows(options),
    createReadChunks(options),
  );
}

/**
 * Creates a connection to the engine in this process. Spans go through a write-ahead journal,
 * because the engine handles few large inserts well and many small ones badly.
 */
function embedded({ directory, memoryLimitBytes, clock, counters, log }: StoreOptions): Connection {
  const engine = selfHealing(
    (beforeOpening) => embeddedConnection(directory, memoryLimitBytes, log, beforeOpening),
    {
      ...{ directory, clock, counters, log },
    },
  );
  const spans = journaled(engine, {
    directory: join(directory, 'journal'),
    holds: 'spans',
    clock,
    log,
    counters,
    target: { table: 'records', columns: SPAN_COLUMNS, format: 'RowBinary' },
  });
  // Log records have a separate journal, so that spans are not delayed while the table of log
  // records refuses inserts.
  return journaled(spans, {
    directory: join(directory, 'journal-logs'),
    holds: 'log records',
    clock,
    log,
    counters: withNames(counters, METRICS_OF_LOGS),
    target: { table: 'logs', columns: LOG_COLUMNS, format: 'RowBinary' },
  });
}

/**
 * Names for the metrics of the journal of log records, by the names that the journal of spans uses.
 * Lost records of both have one name, because each of them is lost for good.
 */
const METRICS_OF_LOGS: Readonly<Record<string, string>> = {
  fermata_journal_bytes: 'fermata_log_journal_bytes',
  fermata_journal_oldest_milliseconds: 'fermata_log_journal_oldest_milliseconds',
  fermata_journal_failures_total: 'fermata_log_journal_failures_total',
  fermata_journal_files_kept: 'fermata_log_journal_files_kept',
};

const withNames = (counters: Counters, names: Readonly<Record<string, string>>): Counters => ({
  ...counters,
  add: (name, by, labels) => counters.add(names[name] ?? name, by, labels),
  gauge: (name, read) => counters.gauge(names[name] ?? name, read),
});

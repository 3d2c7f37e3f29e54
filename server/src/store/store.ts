import { FermataError, messageOf } from '../base/errors.ts';
import { createCatalog } from './catalog.ts';
import type { Connection, QueryRows } from './connection/port.ts';
import { createDocumentTables } from './document-tables.ts';
import { createEvidence } from './evidence.ts';
import { createFlowReader } from './flow-reader.ts';
import { createFlowWriter } from './flow-writer.ts';
import { createNameIndex } from './name-index.ts';
import { createLensReader } from './lens-reader.ts';
import { createLogs } from './logs.ts';
import type { Store } from './port/index.ts';
import { createOverviewReader } from './overview-reader.ts';
import { createReadLag } from './read-lag.ts';
import type { ReadChunks } from './rows/chunked-reader.ts';
import type { ReadRows } from './rows/tolerant-reader.ts';
import { migrate, type SchemaOptions } from './schema/migrate.ts';
import { createTableWriter, type Tracked } from './table-writer.ts';

/**
 * Creates the store over a connection to embedded or remote ClickHouse. Apart from test doubles, it
 * is the only implementation of the port `Store`.
 */
export function createStoreOver(
  connection: Connection,
  schema: SchemaOptions,
  now: () => number,
  readRows: ReadRows,
  readChunks: ReadChunks,
): Store {
  let stopped = false;
  const inFlight = new Set<Promise<unknown>>();
  const tracked: Tracked = async (work) => {
    inFlight.add(work);
    try {
      return await work;
    } catch (cause) {
      throw cause instanceof FermataError ? cause : unavailable(cause);
    } finally {
      inFlight.delete(work);
    }
  };
  const query: QueryRows = <Row>(...of: Parameters<QueryRows>) =>
    tracked(connection.query<Row>(...of));
  const writer = createTableWriter(connection, tracked);
  const lag = createReadLag(connection, tracked);
  const { spansAt, ...evidence } = createEvidence({
    ...{ query, writer, lag, readRows, now },
    retentionDays: schema.retentionDays,
    losses: connection.losses,
  });
  return {
    kind: connection.kind,
    get isBehind() {
      return lag.isBehind;
    },
    async start() {
      await connection.open();
      await migrate(connection, schema);
    },
    async stop() {
      if (stopped) return;
      stopped = true;
      await Promise.allSettled([...inFlight]);
      await connection.close();
    },
    ping: () => connection.ping().catch(() => false),
    ...evidence,
    ...createLogs({ query, writer, lag, readRows }),
    ...createFlowWriter(writer),
    ...createFlowReader({ query, spansAt, lag, readRows, readChunks, now }),
    ...createLensReader({ query, readRows, now }),
    ...createOverviewReader(query, now),
    ...createNameIndex({ query, spansAt, readRows, now }),
    ...createCatalog(query, lag, now),
    ...createDocumentTables({ query, insertJson: writer.insertJson, readRows, readChunks }),
  };
}

const unavailable = (cause: unknown): FermataError =>
  new FermataError('store.unavailable', messageOf(cause), {
    cause,
    retryable: true,
    hint: 'Check the disk of FERMATA_DATA_DIR, or the ClickHouse server.',
  });

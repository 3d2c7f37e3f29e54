import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { FermataError, messageOf } from '../../base/errors.ts';
import { bounded, type Connection } from './port.ts';

/**
 * Timeouts of long commands, ms. A command fails if the server sends nothing for PATIENCE_MS. The
 * server reports progress every PROGRESS_MS in a header. This interval is long, because the client
 * accepts at most 80 headers in a response.
 */
const PATIENCE_MS = 400_000;
const PROGRESS_MS = 110_000;
const LARGE_BYTES = 64 * 1024;

/**
 * Connects to a ClickHouse server or cluster over HTTP, with the same SQL as the embedded engine.
 */
export function remoteConnection(url: string): Connection {
  let client: ClickHouseClient | undefined;
  /**
   * Client for commands that may take hours (such as a migration that copies a table). During such
   * a command the server reports progress.
   */
  let patient: ClickHouseClient | undefined;
  const use = (): ClickHouseClient => client!;
  return {
    kind: 'clickhouse',
    async open() {
      client = createClient({
        url,
        request_timeout: 30_000,
        max_open_connections: 16,
        compression: { request: false },
      });
      patient = createClient({
        url,
        request_timeout: PATIENCE_MS,
        clickhouse_settings: {
          send_progress_in_http_headers: 1,
          http_headers_progress_interval_ms: String(PROGRESS_MS),
        },
      });
      const answer = await client.ping();
      if (!answer.success)
        throw new FermataError(
          'store.unavailable',
          `ClickHouse does not answer: ${messageOf(answer.error)}`,
          {
            hint: 'Check CLICKHOUSE_URL: http://user:password@host:8123/database.',
          },
        );
    },
    async query(sql, params, settings) {
      const result = await use().query({
        query: bounded(sql, settings),
        format: 'JSONEachRow',
        ...(params && { query_params: params }),
      });
      return result.json();
    },
    async command(sql) {
      await patient!.command({ query: sql });
    },
    async insert(table, columns, format, rows) {
      const { stream } = await use().exec({
        query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT ${format}`,
        values: Readable.from(largeParts(rows)),
      });
      // Read the response to its end, because the HTTP connection serves no other request until
      // then.
      await finished(stream.resume());
    },
    flush: () => Promise.resolve(),
    async ping() {
      return (await use().ping()).success;
    },
    async close() {
      await Promise.all([client?.close(), patient?.close()]);
      client = undefined;
    },
  };
}

/**
 * Joins small buffers into larger ones, because each buffer is sent as an HTTP chunk of its own.
 * Small buffers come from requests with one or two spans.
 */
function* largeParts(parts: readonly Buffer[]): Iterable<Buffer> {
  let small: Buffer[] = [];
  let size = 0;
  for (const part of parts) {
    small.push(part);
    size += part.length;
    if (size < LARGE_BYTES) continue;
    yield small.length === 1 ? part : Buffer.concat(small);
    small = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(small);
}

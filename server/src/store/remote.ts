import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { createClient, type ClickHouseClient } from '@clickhouse/client';
import { FermataError, messageOf } from '../base/errors.ts';
import { READ_SETTINGS, type Connection } from './connection.ts';

/** A ClickHouse server or cluster over HTTP: the same SQL as the embedded engine. */
export function remoteConnection(url: string): Connection {
  let client: ClickHouseClient | undefined;
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
    async query(sql, params) {
      const result = await use().query({
        query: `${sql} ${READ_SETTINGS}`,
        format: 'JSONEachRow',
        ...(params && { query_params: params }),
      });
      return result.json();
    },
    async command(sql) {
      await use().command({ query: sql });
    },
    async insert(table, columns, format, rows) {
      const { stream } = await use().exec({
        query: `INSERT INTO ${table} (${columns.join(', ')}) FORMAT ${format}`,
        values: Readable.from([rows]),
      });
      // Until its answer is read, a connection serves nothing else.
      await finished(stream.resume());
    },
    settled: () => Promise.resolve(),
    async ping() {
      return (await use().ping()).success;
    },
    async close() {
      await client?.close();
      client = undefined;
    },
  };
}

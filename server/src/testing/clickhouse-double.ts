import { createServer, type IncomingMessage } from 'node:http';
import { createRequire } from 'node:module';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bound } from '../store/connection/embedded.ts';

/**
 * Serves ClickHouse's HTTP interface with chDB, in a separate process, so that the remote
 * connection can be tested. Prints its port. Test code only.
 */
const require = createRequire(import.meta.url);
const { Session } = require('chdb') as {
  Session: new (path: string) => {
    queryAsync(sql: string, options?: { format?: string }): Promise<{ bytes(): Uint8Array }>;
  };
};
const directory = mkdtempSync(join(tmpdir(), 'clickhouse-double-'));
const session = new Session(join(directory, 'engine'));

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/**
 * Number of inserts so far. Each insert is rewritten to read its rows from a numbered file, because
 * rows may be binary. The embedded connection does the same.
 */
let inserts = 0;
function inserting(query: string, rows: Buffer): string {
  const path = join(directory, `rows-${++inserts}`);
  writeFileSync(path, rows);
  return query.replace(/ FORMAT (\w+)$/, ` FROM INFILE '${path}' FORMAT $1`);
}

// Allow 1 MiB of headers, because the client sends parameters in the URL. ClickHouse's
// `http_max_uri_size` is 1 MiB as well.
const server = createServer({ maxHeaderSize: 1024 * 1024 }, (request, response) => {
  void (async () => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname === '/ping') return void response.end('Ok.\n');
    const body = await bodyOf(request);
    const query = url.searchParams.get('query');
    const params: Record<string, string> = {};
    for (const [name, value] of url.searchParams)
      if (name.startsWith('param_')) params[name.slice(6)] = value;
    try {
      const sets = Object.entries(params).map(
        ([name, value]) =>
          `SET param_${name} = '${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}';`,
      );
      const sql = query === null ? body.toString() : inserting(query, body);
      const result = await session.queryAsync(bound(`${sets.join(' ')} ${sql}`), {
        format: 'TabSeparated',
      });
      response.end(Buffer.from(result.bytes()));
    } catch (error) {
      const text = String((error as Error).message);
      response.statusCode = 500;
      response.setHeader('X-ClickHouse-Exception-Code', /Code: (\d+)/.exec(text)?.[1] ?? '1');
      response.end(text);
    }
  })();
});
server.listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
process.on('disconnect', () => process.exit(0));

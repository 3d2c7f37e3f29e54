import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { closeServer, listen } from '../base/http.ts';
import { silentLog } from '../base/log.ts';
import { queryApp, type QueryOptions } from './index.ts';

/** Tests which headers a browser gets with the page, and with all that is no page. */
const webRoot = mkdtempSync(join(tmpdir(), 'fermata-web-'));
let server: Server;
let base: string;

beforeAll(async () => {
  mkdirSync(join(webRoot, 'assets'));
  for (const name of ['index.html', 'fermata.svg', 'assets/index.js', 'assets/index.js.br'])
    writeFileSync(join(webRoot, name), 'x');
  const options: Partial<QueryOptions> = {
    ...{ clock: systemClock(), counters: createCounters(), log: silentLog, webRoot },
    hosts: { host: '127.0.0.1', allowedHosts: [] },
    about: () => ({ version: '0' }) as ReturnType<QueryOptions['about']>,
    conditions: () => [],
  };
  server = createServer(queryApp(options as QueryOptions));
  base = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0, '', '')}`;
});
afterAll(async () => {
  await closeServer(server);
  rmSync(webRoot, { recursive: true });
});

test.each(['/', '/index.html', '/flow/order-42', '/flows?q=a', '/nowhere.html'])(
  'the page, as %s, may load its own files, is not kept and is in no frame',
  async (path) => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await fetch(base + path, { method });
      expect(status).toBe(200);
      expect(headers.get('content-type')).toContain('text/html');
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
      expect(headers.get('x-frame-options')).toBe('SAMEORIGIN');
      expect(headers.get('referrer-policy')).toBe('no-referrer');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  },
);

test.each<[string, number, RequestInit?]>([
  ['/fermata.svg', 200],
  ['/assets/index.js', 200],
  ['/assets/none.js', 404],
  ['/api/v1/health', 200],
  ['/api/v1/none', 404],
  ['/api/v1/health', 405, { method: 'DELETE' }],
  ['/mcp', 405],
  ['/api/v1/health', 403, { headers: { origin: 'http://elsewhere.example' } }],
])('%s (%i) runs nothing, whoever opens it', async (path, status, init) => {
  const answer = await fetch(base + path, init);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-security-policy')).toBe(
    "default-src 'none';frame-ancestors 'none'",
  );
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
});

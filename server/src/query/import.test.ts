import { createServer, request as send, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import { closeServer, listen } from '../base/http.ts';
import { silentLog, type Log } from '../base/log.ts';
import { createExchange } from '../exchange/index.ts';
import { decodeFileJson } from '../receive/index.ts';
import { queryApp, type QueryOptions } from './index.ts';

/** An import into a server that takes nothing for now, so that it waits for two minutes. */
let server: Server;
let url: string;
let onOffer = (): void => {};
let onWarning = (_fields: object): void => {};
const log: Log = { ...silentLog, warn: (fields: object) => onWarning(fields) };
const counters = createCounters();
beforeAll(async () => {
  const base = { clock: systemClock(), counters, log };
  const exchange = createExchange({
    ...{ ...base, decode: decodeFileJson },
    offer() {
      onOffer();
      return Promise.reject(new FermataError('intake.full', 'full', { retryable: true }));
    },
  });
  const options: Partial<QueryOptions> = {
    ...{ ...base, exchange, webRoot: '' },
    hosts: { host: '127.0.0.1', allowedHosts: [] },
    about: () => ({ version: '0' }) as ReturnType<QueryOptions['about']>,
  };
  server = createServer(queryApp(options as QueryOptions));
  url = `http://127.0.0.1:${await listen(server, '127.0.0.1', 0, '', '')}/api/v1/import?format=csv`;
});
afterAll(() => closeServer(server));

const headers = { 'content-type': 'text/csv' };
const ROW = 'case,activity,timestamp\no1,pay,2026-01-01T00:00:00Z\n';

test('an import whose client leaves gives its place back and says why it ended', async () => {
  for (let round = 1; round <= 3; round++) {
    const offered = new Promise<void>((resolve) => (onOffer = resolve));
    const warned = new Promise<object>((resolve) => (onWarning = resolve));
    const upload = send(url, { method: 'POST', headers }).on('error', () => undefined);
    upload.end(ROW);
    await offered;
    upload.destroy();
    expect(await warned).toMatchObject({
      detail: 'the client closed the connection before the import ended',
    });
  }
  expect(counters.read()).toContainEqual({
    ...{ name: 'fermata_failed_imports_total', value: 3, kind: 'counter' },
  });
  const next = await fetch(url, { method: 'POST', headers, body: 'x' });
  expect(await next.json()).toMatchObject({ done: false, error: { code: 'import.malformed' } });
});

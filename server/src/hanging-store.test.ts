import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { createApp, readConfig, type App } from './app.ts';
import { manualClock, type ManualClock } from './base/clock.ts';

/**
 * How the simulated ClickHouse server responds: it accepts every query (`well`), does not answer
 * (`hangs`), or answers all queries except pings with an error (`refuses`).
 */
let mode: 'well' | 'hangs' | 'refuses' = 'well';
let asked: string[] = [];
const held: ServerResponse[] = [];
let server: Server;
const clickhouse = async (): Promise<string> => {
  mode = 'well';
  asked = [];
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      asked.push(decodeURIComponent(request.url ?? ''));
      if (mode === 'hangs') return void held.push(response);
      response.statusCode = mode === 'refuses' && !request.url!.startsWith('/ping') ? 500 : 200;
      response.end(response.statusCode === 500 ? 'Code: 252. Too many parts (300)' : '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/db`;
};
afterEach(() => {
  for (const response of held.splice(0)) response.destroy();
  server.closeAllConnections();
  server.close();
});

let clock: ManualClock;
const start = async (): Promise<App> => {
  clock = manualClock(Date.now());
  const { config } = readConfig({
    ...{ CLICKHOUSE_URL: await clickhouse(), FERMATA_PORT: '0', FERMATA_OTLP_HTTP_PORT: '0' },
    FERMATA_OTLP_GRPC_PORT: '0',
  });
  const app = createApp(config, { clock });
  await app.start();
  return app;
};
/**
 * Waits until `isDone` returns true, for at most `timeout` ms of real time, because network traffic
 * does not follow the manual clock.
 */
const patience = (timeout: number, isDone: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(isDone()).toBe(true), { timeout, interval: 1 }).catch(() => undefined);
/**
 * Expects that `work` completes within this number of seconds of the manual clock, which is
 * advanced in steps of half a second. Additional real time is allowed for a busy machine.
 */
const within = async <T>(seconds: number, work: Promise<T>): Promise<T> => {
  let isDone = false;
  const done = work.finally(() => (isDone = true));
  for (let i = 0; i < 2 * seconds && !isDone; i++) {
    clock.advance(500);
    await patience(50, () => isDone);
  }
  await patience(5000, () => isDone);
  expect(isDone, `done within ${seconds} s`).toBe(true);
  return done;
};
const post = (app: App): Promise<number> =>
  fetch(`http://127.0.0.1:${app.ports.otlpHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [
        {
          scopeSpans: [
            {
              spans: [
                {
                  traceId: '0af7651916cd43dd8448eb211c80319c',
                  spanId: 'b7ad6b7169203331',
                  name: 'place',
                },
              ],
            },
          ],
        },
      ],
    }),
  }).then(({ status }) => status);
const ready = (app: App): Promise<[number, string]> =>
  fetch(`http://127.0.0.1:${app.ports.web}/readyz`).then(async (answer) => [
    answer.status,
    await answer.text(),
  ]);

test('a store that hangs: senders and readiness have their answers in time, and a stop ends', async () => {
  const app = await start();
  expect(await within(5, post(app))).toBe(200);
  expect((await within(3, ready(app)))[0]).toBe(200);
  mode = 'hangs';
  expect(await within(10, post(app))).toBe(503);
  const [status, text] = await within(3, ready(app));
  expect([status, text]).toEqual([503, expect.stringContaining('The store does not answer')]);
  await within(18, app.stop());
}, 60_000);

test('a store that refuses is not ready, though it answers a ping; it is again once it takes something', async () => {
  const app = await start();
  mode = 'refuses';
  expect(await within(5, post(app))).toBe(503);
  const [status, text] = await within(3, ready(app));
  expect([status, text]).toEqual([
    503,
    expect.stringContaining('Spans cannot be stored: the store refuses'),
  ]);
  const isProbed = (): boolean => asked.some((one) => /INSERT.INTO.documents/.test(one));
  await within(
    5,
    vi.waitFor(() => expect(isProbed()).toBe(true), 10_000),
  );
  expect((await within(3, ready(app)))[0]).toBe(503);
  mode = 'well';
  await within(
    20,
    vi.waitFor(async () => expect((await ready(app))[0]).toBe(200), 5000),
  );
  await within(18, app.stop());
}, 60_000);

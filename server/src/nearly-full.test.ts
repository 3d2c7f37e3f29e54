import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { createApp, readConfig, type App } from './app.ts';
import type { Health } from './contract/index.ts';

const MIB = 2 ** 20;
const directory = mkdtempSync(join(tmpdir(), 'fermata-full-'));
let free = 1000 * MIB;
let app: App;
beforeAll(async () => {
  const { config } = readConfig({
    ...{ FERMATA_DATA_DIR: directory, FERMATA_PORT: '0', FERMATA_OTLP_HTTP_PORT: '0' },
    ...{ FERMATA_OTLP_GRPC_PORT: '0', FERMATA_MIN_FREE: '200MiB', FERMATA_MEMORY_LIMIT: '2GiB' },
  });
  app = createApp(config, { readSpace: () => Promise.resolve({ free, total: 1e12 }) });
  await app.start();
}, 60_000);
afterAll(async () => {
  await app.stop();
  rmSync(directory, { recursive: true, force: true });
});

const get = (path: string): Promise<Response> => fetch(`http://127.0.0.1:${app.ports.web}${path}`);
const post = (spanId: string): Promise<Response> =>
  fetch(`http://127.0.0.1:${app.ports.otlpHttp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      resourceSpans: [
        {
          scopeSpans: [
            { spans: [{ traceId: '0af7651916cd43dd8448eb211c80319c', spanId, name: 'place' }] },
          ],
        },
      ],
    }),
  });
/** A gRPC export request with one span, encoded in protobuf. */
const REQUEST = Buffer.from([
  ...[0x0a, 39, 0x12, 37, 0x12, 35, 0x0a, 16, ...Array(16).fill(7), 0x12, 8, ...Array(8).fill(9)],
  ...[0x2a, 5, ...Buffer.from('place')],
]);
const overGrpc = async (): Promise<grpc.ServiceError | null> => {
  const client = new grpc.Client(
    `127.0.0.1:${app.ports.otlpGrpc}`,
    grpc.credentials.createInsecure(),
  );
  const path = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
  const raw = (bytes: Buffer): Buffer => bytes;
  const error = await new Promise<grpc.ServiceError | null>((resolve) =>
    client.makeUnaryRequest(path, raw, raw, REQUEST, (failure) => resolve(failure)),
  );
  client.close();
  return error;
};

test('before the disk is full, senders are told to keep what they have; people read on, and it ends by itself', async () => {
  expect((await post('b7ad6b7169203331')).status).toBe(200);
  expect(await overGrpc()).toBeNull();
  expect((await get('/readyz')).status).toBe(200);
  expect(await (await get('/api/v1/health')).json()).toEqual({ ready: true, conditions: [] });

  free = 150 * MIB;
  await vi.waitFor(async () => expect((await post('b7ad6b7169203332')).status).toBe(503), 10_000);
  const refused = await post('b7ad6b7169203332');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(((await refused.json()) as { message: string }).message).toContain('data.low');
  const error = await overGrpc();
  expect(error?.code).toBe(grpc.status.UNAVAILABLE);
  expect(String(error?.metadata.get('grpc-status-details-bin')[0])).toContain('RetryInfo');
  const ready = await get('/readyz');
  expect([ready.status, await ready.json()]).toEqual([
    503,
    {
      ready: false,
      problems: [
        expect.stringContaining(
          '150 MiB are free on the disk of the data directory; it goes on with 250 MiB',
        ),
      ],
    },
  ]);
  expect((await get('/healthz')).status).toBe(200);
  const health = (await (await get('/api/v1/health')).json()) as Health;
  expect(health).toMatchObject({ ready: false, conditions: [{ id: 'disk-low', blocks: true }] });
  expect(Date.parse(health.conditions[0]!.since)).toBeLessThanOrEqual(Date.now());
  for (const path of [
    '/api/v1/flows',
    '/api/v1/services',
    '/api/v1/flow-types',
    '/api/v1/incidents',
  ])
    expect((await get(path)).status, path).toBe(200);
  const metrics = await (await get('/metrics')).text();
  expect(metrics).toContain(`fermata_disk_free_bytes ${150 * MIB}`);
  expect(metrics).toContain('fermata_condition{id="disk-low"} 1');

  free = 220 * MIB;
  await new Promise((resolve) => setImmediate(resolve));
  expect((await post('b7ad6b7169203332')).status, 'a little more is not enough').toBe(503);
  free = 260 * MIB;
  await vi.waitFor(async () => expect((await post('b7ad6b7169203332')).status).toBe(200), 10_000);
  expect((await get('/readyz')).status).toBe(200);
}, 60_000);

test('the description of the API has what is said of health and readiness', async () => {
  const described = (await (await get('/api/openapi.json')).json()) as {
    paths: Record<string, { get: { responses: Record<string, unknown> } }>;
    components: { schemas: Record<string, object> };
  };
  expect(JSON.stringify(described.paths['/api/v1/health']?.get.responses)).toContain('/Health"');
  const { Health, HealthCondition } = described.components.schemas;
  expect(JSON.stringify([Health, HealthCondition])).toMatch(
    /ready.*conditions.*id.*since.*text.*hint.*blocks/,
  );
  expect(described.paths['/readyz']?.get.responses).toHaveProperty('503');
});

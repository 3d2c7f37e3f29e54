import { createServer } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as grpc from '@grpc/grpc-js';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../base/clock.ts';
import { createCounters } from '../base/counters.ts';
import { silentLog } from '../base/log.ts';
import { closeServer, listen } from '../base/http.ts';
import { createMemory } from '../base/memory.ts';
import type { OtlpExport } from '../model/otlp.ts';
import { createBudget } from './budget.ts';
import { createReceiver } from './index.ts';
import { otlpHttpApp } from './otlp-http.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const span = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  name: 'place',
};
const json = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
/** The request above, encoded in protobuf. */
const protobuf = Buffer.concat([
  Buffer.from([0x0a, 39, 0x12, 37, 0x12, 35, 0x0a, 16]),
  Buffer.from(span.traceId, 'hex'),
  Buffer.from([0x12, 8]),
  Buffer.from(span.spanId, 'hex'),
  Buffer.from([0x2a, 5]),
  Buffer.from(span.name),
]);

test('while answers wait, nobody holds the decoded requests', async () => {
  const requests: WeakRef<OtlpExport>[] = [];
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => (release = resolve));
  const receiver = createReceiver({
    clock: systemClock(),
    counters: createCounters(),
    log: silentLog,
    host: '127.0.0.1',
    httpPort: 0,
    grpcPort: 0,
    random: () => 0,
    prepare(request) {
      expect(request.spans).toHaveLength(1);
      requests.push(new WeakRef(request));
    },
    async write() {
      await gate;
      return { correlate: () => Promise.resolve() };
    },
  });
  await receiver.start();
  const overHttp = fetch(`http://127.0.0.1:${receiver.httpPort}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: json,
  });
  const client = new grpc.Client(
    `127.0.0.1:${receiver.grpcPort}`,
    grpc.credentials.createInsecure(),
  );
  const raw = (bytes: Buffer): Buffer => bytes;
  const overGrpc = new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
      raw,
      raw,
      protobuf,
      (error, answer) => (error ? reject(error) : resolve(answer)),
    ),
  );
  await vi.waitFor(() => expect(requests).toHaveLength(2), 10_000);
  await vi.waitFor(() => {
    collect();
    expect(requests.map((request) => request.deref())).toEqual([undefined, undefined]);
  }, 10_000);
  release();
  expect((await overHttp).status).toBe(200);
  await overGrpc;
  client.close();
  await receiver.stop();
});

test('the memory of a body is given back once it is decoded, or cannot be', async () => {
  const memory = createMemory();
  const keptWhenDecoded: number[] = [];
  const server = createServer(
    otlpHttpApp({
      counters: createCounters(),
      budget: createBudget(systemClock(), 1_000_000, 1_000_000),
      memory,
      random: () => 0,
      offer() {
        keptWhenDecoded.push(memory.kept);
        return Promise.resolve();
      },
    }),
  );
  const port = await listen(server, '127.0.0.1', 0, '', '');
  const post = async (body: string): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return answer.status;
  };
  // Size of the buffer for a body of 100 KB. The buffers that the body outgrew before are smaller.
  const BODY_BYTES = 128 * 1024;
  expect(await post(json.padEnd(100_000))).toBe(200);
  expect(keptWhenDecoded).toEqual([expect.toSatisfy((kept: number) => kept >= BODY_BYTES)]);
  memory.lease(BODY_BYTES);
  expect(memory.kept).toBeLessThan(BODY_BYTES);
  expect(await post('{'.padEnd(100_000))).toBe(400);
  expect(memory.kept).toBeGreaterThanOrEqual(BODY_BYTES);
  await closeServer(server);
});

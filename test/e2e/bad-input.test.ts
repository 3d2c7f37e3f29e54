import { gzipSync } from 'node:zlib';
import { connect } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeJson, RpcStatus, TraceResponse } from '@fermata/server/testing';
import { eventually } from '../support/eventually.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

describe('hostile and broken requests', () => {
  let server: ServerProcess;
  const directory = freshDirectory();
  beforeAll(async () => {
    server = await startServer(directory.path);
  });
  afterAll(async () => {
    expect(server.child.exitCode).toBeNull();
    await server.end('SIGTERM');
    directory.remove();
  });
  const post = (body: Buffer | string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${server.otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  const span = (traceId: string, over: object = {}): object => ({
    traceId,
    spanId: 'b'.repeat(16),
    name: 'x',
    kind: 2,
    startTimeUnixNano: '1794000000000000000',
    endTimeUnixNano: '1794000000001000000',
    ...over,
  });
  const request = (spans: object[]): string =>
    JSON.stringify({ resourceSpans: [{ resource: {}, scopeSpans: [{ spans }] }] });

  test('a gzip bomb is 413, as google.rpc.Status in the request’s encoding', async () => {
    const bomb = gzipSync(Buffer.alloc(70 * 1024 * 1024));
    const json = await post(bomb, { 'content-encoding': 'gzip' });
    expect(json.status).toBe(413);
    expect(await json.json()).toMatchObject({ code: 8 });
    const protobuf = await post(bomb, {
      'content-encoding': 'gzip',
      'content-type': 'application/x-protobuf',
    });
    expect(protobuf.status).toBe(413);
    expect(
      RpcStatus.toObject(RpcStatus.decode(new Uint8Array(await protobuf.arrayBuffer()))),
    ).toMatchObject({
      code: 8,
    });
  });

  test('200,000 levels of JSON, truncated protobuf, wrong types: 400; unknown encodings and types: 415', async () => {
    expect((await post('['.repeat(200_000))).status).toBe(400);
    expect(
      (
        await post(
          encodeJson(JSON.parse(request([span('a'.repeat(32))])) as object).subarray(0, 40),
          {
            'content-type': 'application/x-protobuf',
          },
        )
      ).status,
    ).toBe(400);
    expect(
      (await post('{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":5}]}]}]}')).status,
    ).toBe(400);
    expect((await post('{}', { 'content-type': 'text/plain' })).status).toBe(415);
    for (const encoding of ['br', 'constructor'])
      expect((await post('{}', { 'content-encoding': encoding })).status).toBe(415);
    expect((await post(Buffer.from('not gzip'), { 'content-encoding': 'gzip' })).status).toBe(400);
  });

  test('an empty request is a success, metrics are taken', async () => {
    expect(await (await post('{}')).json()).toEqual({});
    expect((await post('', { 'content-type': 'application/x-protobuf' })).status).toBe(200);
    expect(
      (
        await fetch(`${server.otlp}/v1/metrics`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{}',
        })
      ).status,
    ).toBe(200);
  });

  test('one bad span among 512: the others are stored, partial_success says so', async () => {
    const spans = Array.from({ length: 512 }, (_, i) =>
      span(i === 100 ? '00' : `c${String(i).padStart(31, '0')}`),
    );
    const response = await post(encodeJson(JSON.parse(request(spans)) as object), {
      'content-type': 'application/x-protobuf',
    });
    const answer = TraceResponse.toObject(
      TraceResponse.decode(new Uint8Array(await response.arrayBuffer())),
      { longs: Number },
    );
    expect(answer).toMatchObject({ partialSuccess: { rejectedSpans: 1 } });
    await eventually(async () => {
      const list = (await (await fetch(`${server.web}/api/v1/flows?limit=1`)).json()) as {
        total: number;
      };
      expect(list.total).toBe(511);
    });
  });

  test('times 0 and 2^64−1, __proto__ keys, an end before its start: stored exactly, shown as repaired', async () => {
    const traceId = 'd'.repeat(32);
    const attributes = ['__proto__', 'constructor', 'toString', ''].map((key) => ({
      key,
      value: { stringValue: 'v' },
    }));
    expect(
      (
        await post(
          request([
            span(traceId, {
              startTimeUnixNano: '18446744073709551615',
              endTimeUnixNano: '0',
              attributes,
            }),
          ]),
        )
      ).status,
    ).toBe(200);
    await eventually(async () => {
      const spans = (await (await fetch(`${server.web}/api/v1/flows/${traceId}/spans`)).json()) as {
        items: { startUnixNano: string; endUnixNano: string; attributes: object }[];
      };
      expect(spans.items[0]).toMatchObject({
        startUnixNano: '18446744073709551615',
        endUnixNano: '0',
      });
      expect(Object.keys(spans.items[0]!.attributes)).toEqual([
        '__proto__',
        'constructor',
        'toString',
        '',
      ]);
    });
    const flow = (await (await fetch(`${server.web}/api/v1/flows/${traceId}`)).json()) as {
      badges: string[];
    };
    expect(flow.badges).toContain('repaired');
  });

  test('gRPC: the same answers', async () => {
    const client = new grpc.Client(server.grpc, grpc.credentials.createInsecure());
    const raw = (bytes: Buffer): Buffer => bytes;
    const call = (body: Buffer): Promise<number> =>
      new Promise((resolve) =>
        client.makeUnaryRequest(
          '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
          raw,
          raw,
          body,
          (error) => resolve(error ? error.code : 0),
        ),
      );
    expect(await call(encodeJson(JSON.parse(request([span('e'.repeat(32))])) as object))).toBe(0);
    expect(await call(Buffer.from([0x0a, 0xff]))).toBe(grpc.status.INVALID_ARGUMENT);
    client.close();
  });

  test('foreign Hosts and Origins are refused, on REST and on the socket’s upgrade', async () => {
    const { port } = new URL(server.web);
    const status = (path: string, headers: string[]): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () =>
          socket.write([`GET ${path} HTTP/1.1`, ...headers, '', ''].join('\r\n')),
        );
        socket.once('data', (data) => {
          resolve(data.toString().split(' ')[1]!);
          socket.destroy();
        });
      });
    const upgrade = [
      'Upgrade: websocket',
      'Connection: Upgrade',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const socketPath = '/socket.io/?EIO=4&transport=websocket';
    expect(await status('/api/v1/flows', ['Host: evil.example'])).toBe('403');
    expect(
      await status('/api/v1/flows', [`Host: 127.0.0.1:${port}`, 'Origin: http://evil.example']),
    ).toBe('403');
    expect(
      await status('/api/v1/flows', [
        `Host: 127.0.0.1:${port}`,
        `Origin: http://127.0.0.1:${port}`,
      ]),
    ).toBe('200');
    // The WebSocket upgrade is rejected with 400, because engine.io uses no other status for it.
    expect(await status(socketPath, ['Host: evil.example', ...upgrade])).toBe('400');
    expect(
      await status(socketPath, [
        `Host: 127.0.0.1:${port}`,
        'Origin: http://evil.example',
        ...upgrade,
      ]),
    ).toBe('400');
    expect(await status(socketPath, [`Host: 127.0.0.1:${port}`, ...upgrade])).toBe('101');
  });

  test('wrong queries are problems with a hint', async () => {
    for (const query of [
      'limit=-1',
      'limit=x',
      'status=odd',
      'cursor=zzz',
      'from=yesterday',
      'nonsense=1',
    ]) {
      const response = await fetch(`${server.web}/api/v1/flows?${query}`);
      expect(response.status, query).toBe(400);
      expect(await response.json()).toMatchObject({ code: 'query.invalid' });
    }
    expect(
      (await fetch(`${server.web}/api/v1/flows/${encodeURIComponent("' OR 1=1")}`)).status,
    ).toBe(404);
    const openapi = (await (await fetch(`${server.web}/api/openapi.json`)).json()) as {
      paths: object;
    };
    expect(Object.keys(openapi.paths)).toContain('/api/v1/flows/{id}');
  });
});

test('a second server on one directory, a taken port, wrong settings: one clear error each', async () => {
  const directory = freshDirectory();
  const server = await startServer(directory.path);
  await expect(startServer(directory.path)).rejects.toThrow(/data\.locked.*in use by Fermata/s);
  const other = freshDirectory();
  await expect(startServer(other.path, { FERMATA_PORT: new URL(server.web).port })).rejects.toThrow(
    /address\.in-use.*FERMATA_PORT/s,
  );
  await expect(
    startServer(other.path, {
      FERMATA_PORT: 'abc',
      FERMATA_RETENTION: '5',
      FERMATA_HOST: '0.0.0.0',
    }),
  ).rejects.toThrow(/FERMATA_PORT=abc.*FERMATA_RETENTION=5/s);
  await server.end('SIGTERM');
  directory.remove();
  other.remove();
}, 60_000);

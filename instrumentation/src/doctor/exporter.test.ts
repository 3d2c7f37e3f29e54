import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Diagnosis } from './diagnosis.ts';
import { exporter } from './exporter.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
async function listening(server: Server): Promise<string> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const http = (answer: RequestListener): Promise<string> => listening(createServer(answer));
async function said(env: Record<string, string>): Promise<Diagnosis[]> {
  const all: Diagnosis[] = [];
  for await (const one of exporter(env)) all.push(one);
  return all;
}
const first = async (address: string, more: Record<string, string> = {}): Promise<string> => {
  const [{ state, found, todo } = { state: '', found: '', todo: '' }] = await said({
    OTEL_EXPORTER_OTLP_ENDPOINT: address,
    ...more,
  });
  return `${state}: ${found} → ${todo}`;
};

/**
 * Returns the request handler of a fake Fermata server, which finds a flow if its id is in a
 * request that was received.
 */
function fermata(): RequestListener {
  let received = '';
  return (request, response) => {
    response.setHeader('fermata-dashboard', `http://${request.headers.host}/`);
    const id = /^\/api\/v1\/flows\/(.*)/.exec(request.url!)?.[1];
    if (id !== undefined) response.statusCode = received.includes(id) ? 200 : 404;
    else if (request.url !== '/v1/traces') response.statusCode = 404;
    else if (request.headers['x-key'] !== 'a key') response.statusCode = 401;
    request.on('data', (chunk: Buffer) => (received += chunk.toString('latin1')));
    request.on('end', () => response.end());
  };
}

test.each(['http/protobuf', 'http/json'])('what is sent by %s is read back', async (protocol) => {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://${await http(fermata())}/`,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20key',
  };
  expect(await said(env)).toMatchObject([
    { check: 'exporter', state: 'ok', found: expect.stringContaining(protocol) as string },
    {
      ...{
        state: 'ok',
        found: expect.stringMatching(/^sent and shown: http:.*\/flow\/doctor-/) as string,
      },
      todo: expect.stringContaining('not environment:fermata-doctor') as string,
    },
  ]);
  expect(await said({ ...env, OTEL_EXPORTER_OTLP_HEADERS: '' })).toMatchObject([
    { state: 'wrong', todo: expect.stringContaining('HEADERS') as string },
  ]);
});

test('gRPC is spoken as gRPC', async () => {
  const server = createHttp2Server();
  let grpcStatus = 0;
  server.on('stream', (stream, headers) => {
    expect(headers[':path']).toBe('/opentelemetry.proto.collector.trace.v1.TraceService/Export');
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': grpcStatus }));
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.end(Buffer.alloc(5));
  });
  const address = await listening(server);
  const grpc = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  expect(await first(`http://${address}`, grpc)).toMatch(/^ok: .* takes grpc/);
  grpcStatus = 16;
  expect(await first(`http://${address}`, grpc)).toMatch(/^wrong: .*status 16.*HEADERS/);
  expect(await first(`http://${address}`)).toMatch(
    /^wrong: .*not answer as HTTP.*4317 speaks grpc/,
  );
});

test('what is no Fermata gets no span', async () => {
  const bodies: number[] = [];
  const address = await http((request, response) => {
    bodies.push(Number(request.headers['content-length']));
    response.end();
  });
  expect(await said({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://${address}` })).toMatchObject([
    { state: 'ok' },
    { check: 'a span of its own', state: 'hint' },
  ]);
  expect(bodies).toEqual([0]);
});

test('what does not take spans is named, with what to do', async () => {
  const address = await http(fermata());
  expect(await first(`http://${address}/v1/traces`)).toMatch(
    `→ /v1/traces is appended to OTEL_EXPORTER_OTLP_ENDPOINT by the exporter: OTEL_EXPORTER_OTLP_ENDPOINT=http://${address}`,
  );
  const traces = { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://${address}` };
  expect(await first('', traces)).toMatch(
    `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://${address}/v1/traces`,
  );
  expect(await first(`https://${address}`)).toMatch(/does not speak TLS → Use http:/);
  const grpc = { OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' };
  expect(await first(`https://${address}`, grpc)).toMatch(/does not speak TLS → Use http:/);
  expect(await first(`http://${address}`, grpc)).toMatch(/does not speak gRPC/);
  expect(await first('http://127.0.0.1:1')).toMatch(/nothing listens.*→ Start Fermata/);
  expect(await first(address)).toMatch(/^wrong: .*http:\/\//);
  expect(await first('http://x', { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/proto' })).toMatch(
    /^wrong: .*http\/proto is none/,
  );
  expect(await first('http://x', { OTEL_EXPORTER_OTLP_CERTIFICATE: '/none' })).toMatch(
    /^wrong: .*file/,
  );
  const silent = await listening(
    createTcpServer((socket) => socket.end('-ERR unknown command\r\n')),
  );
  expect(await first(`http://${silent}`)).toMatch(/^wrong: .*does not answer as HTTP/);
});

test("the dashboard's address is known, and the right one is named", async () => {
  const address = await http((request, response) => {
    response.statusCode = request.url === '/api/v1/about' ? 200 : 404;
    response.end('{"otlpHttp":"http://localhost:4318","otlpGrpc":"http://localhost:4317"}');
  });
  expect(await first(`http://${address}`)).toMatch(
    /Fermata's dashboard. OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127.0.0.1:4318$/,
  );
  const page = await http((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<html>'),
  );
  expect(await first(`http://${page}`)).toMatch(/^wrong: .* answered 200/);
});

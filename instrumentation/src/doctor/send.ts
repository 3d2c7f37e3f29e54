import { request as requestHttp } from 'node:http';
import { connect } from 'node:http2';
import { request as requestHttps } from 'node:https';
import type { Endpoint } from './endpoint.ts';

/** Result of a request: the answer, or the error if no answer came. */
export type Outcome =
  | {
      kind: 'answer';
      /** HTTP status code. */
      status: number;
      /** gRPC status code; undefined if the answer contains none. */
      grpcStatus?: number;
      headers: Record<string, string>;
      body: string;
    }
  | { kind: 'failed'; code: string; message: string };

const MAX_MS = 5000;
const CONTENT_TYPES = {
  'http/protobuf': 'application/x-protobuf',
  'http/json': 'application/json',
  grpc: 'application/grpc',
};
const EXPORT = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';

/** Sends an export request in the way in which the service's exporter would send it. */
export function send(endpoint: Endpoint, body: Buffer): Promise<Outcome> {
  return new Promise<Outcome>((resolve) => {
    const fail = (error: NodeJS.ErrnoException): void =>
      resolve({ kind: 'failed', code: error.code ?? '', message: error.message });
    try {
      (endpoint.protocol === 'grpc' ? sendGrpc : sendHttp)(endpoint, body, resolve, fail);
    } catch (error) {
      fail(error as Error);
    }
  });
}

type Fail = (error: NodeJS.ErrnoException) => void;
const timedOut = (): NodeJS.ErrnoException =>
  Object.assign(new Error(`no answer within ${MAX_MS / 1000} s`), { code: 'ETIMEDOUT' });

function sendHttp(
  { url, protocol, headers, tls }: Endpoint,
  body: Buffer,
  resolve: (outcome: Outcome) => void,
  fail: Fail,
): void {
  const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(
    url,
    {
      method: 'POST',
      agent: false,
      headers: {
        ...headers,
        'content-type': CONTENT_TYPES[protocol],
        'content-length': body.length,
      },
      ...tls,
    },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail);
      response.on('end', () =>
        resolve({
          kind: 'answer',
          status: response.statusCode ?? 0,
          headers: textsOf(response.headers),
          body: Buffer.concat(chunks).toString(),
        }),
      );
    },
  );
  request.on('error', fail).setTimeout(MAX_MS, () => request.destroy(timedOut()));
  request.end(body);
}

/**
 * Makes a unary gRPC call. The message is preceded by five bytes, and the status comes in the
 * trailers.
 */
function sendGrpc(
  { url, headers, tls }: Endpoint,
  body: Buffer,
  resolve: (outcome: Outcome) => void,
  fail: Fail,
): void {
  const session = connect(url.origin, tls);
  const stream = session.request({
    ...headers,
    ':method': 'POST',
    ':path': EXPORT,
    'content-type': CONTENT_TYPES.grpc,
    te: 'trailers',
  });
  const late = setTimeout(() => end(() => fail(timedOut())), MAX_MS);
  let answered: Record<string, string> = {};
  const end = (then: () => void): void => {
    clearTimeout(late);
    session.destroy();
    then();
  };
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(body.length, 1);
  session.on('error', (error: Error) => end(() => fail(error)));
  stream.on('response', (given: object) => (answered = { ...answered, ...textsOf(given) }));
  stream.on('trailers', (given: object) => (answered = { ...answered, ...textsOf(given) }));
  stream.on('error', (error: Error) => end(() => fail(error)));
  stream.on('close', () =>
    end(() => {
      const status = answered['grpc-status'];
      resolve({
        kind: 'answer',
        status: Number(answered[':status'] ?? 0),
        ...(status !== undefined && { grpcStatus: Number(status) }),
        headers: answered,
        body: decodeURIComponent(answered['grpc-message'] ?? ''),
      });
    }),
  );
  stream.resume();
  stream.end(Buffer.concat([prefix, body]));
}

function textsOf(headers: object): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

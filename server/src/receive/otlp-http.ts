import express, { type Express, type Request, type Response } from 'express';
import type { Counters } from '../base/counters.ts';
import { FermataError } from '../base/errors.ts';
import type { Lease } from '../base/memory.ts';
import { emptyExport, type OtlpExport } from '../model/otlp.ts';
import { readBody, type BodyOptions } from './body.ts';
import {
  CONTENT_TYPE,
  DASHBOARD_HEADER,
  failure,
  type Encoding,
  type HttpAnswer,
} from './otlp-answer.ts';
import { decodeLogsJson, decodeTracesJson } from './otlp-json.ts';
import { decodeLogs, decodeTraces } from './otlp-protobuf.ts';
import { respondAfterCommit } from './respond.ts';

type Decode = Record<Encoding, (body: Buffer) => OtlpExport>;

export interface OtlpHttpOptions extends BodyOptions {
  counters: Counters;
  /** Returns a random number from 0 to 1, which varies the Retry-After of responses. */
  random(): number;
  offer(request: OtlpExport): Promise<void>;
  /** Returns the URL of the dashboard, which is sent in a header of every response. */
  dashboard?: () => string;
}

/**
 * Serves POST /v1/traces, /v1/logs and /v1/metrics, in protobuf or JSON. Metrics are accepted and
 * counted, but not stored.
 */
export function otlpHttpApp(options: OtlpHttpOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.set('etag', false);
  const { dashboard } = options;
  if (dashboard !== undefined)
    app.use((_request, response, next) => {
      response.setHeader(DASHBOARD_HEADER, dashboard());
      next();
    });

  const receive =
    (signal: 'spans' | 'logs', decode: Decode) =>
    async (request: Request, response: Response): Promise<void> => {
      let encoding: Encoding = 'protobuf';
      try {
        encoding = encodingOf(request);
        const { 'content-encoding': compression, 'content-length': length } = request.headers;
        const answer = await readBody(request, compression, length, options).then((body) =>
          respondAfterCommit(decoded(body, decode[encoding]), encoding, signal, options),
        );
        send(response, encoding, answer);
      } catch (error) {
        options.counters.add('fermata_failed_requests_total');
        const answer = failure(error, encoding, options.random());
        // If the request was refused before its body was read completely, close the connection
        // instead of reading the rest in vain.
        if (!request.complete) response.setHeader('Connection', 'close');
        send(response, encoding, answer);
        if (!request.complete) response.once('finish', () => request.destroy());
      }
    };

  app.post('/v1/traces', receive('spans', { protobuf: decodeTraces, json: decodeTracesJson }));
  app.post('/v1/logs', receive('logs', { protobuf: decodeLogs, json: decodeLogsJson }));
  app.post(
    '/v1/metrics',
    receive('logs', { protobuf: discard(options.counters), json: discard(options.counters) }),
  );
  app.use((request, response) => {
    response.status(404).type('text/plain');
    response.send(
      `Fermata takes OTLP at POST /v1/traces and /v1/logs, not ${request.method} here.\n`,
    );
  });
  return app;
}

const discard = (counters: Counters) => (): OtlpExport => {
  counters.add('fermata_discarded_metric_requests_total');
  return emptyExport();
};

function decoded(body: Lease, decode: (body: Buffer) => OtlpExport): OtlpExport {
  try {
    return decode(body.bytes);
  } finally {
    body.release();
  }
}

function encodingOf(request: Request): Encoding {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf';
  if (type === 'application/json') return 'json';
  throw new FermataError(
    'otlp.unsupported-type',
    `content type "${type.slice(0, 64)}" is not OTLP`,
    {
      hint: 'Use application/x-protobuf or application/json.',
    },
  );
}

function send(response: Response, encoding: Encoding, answer: HttpAnswer): void {
  if (response.headersSent || response.destroyed) return;
  response.statusCode = answer.status;
  response.setHeader('Content-Type', CONTENT_TYPE[encoding]);
  response.setHeader('Content-Length', answer.body.length);
  if (answer.retryAfterSeconds !== undefined)
    response.setHeader('Retry-After', String(answer.retryAfterSeconds));
  response.end(answer.body);
}

import * as grpc from '@grpc/grpc-js';
import type { Counters } from '../base/counters.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import { emptyExport, type OtlpExport } from '../model/otlp.ts';
import { DASHBOARD_HEADER, grpcFailure, type HttpAnswer } from './otlp-answer.ts';
import { decodeLogs, decodeTraces } from './otlp-protobuf.ts';
import { respondAfterCommit } from './respond.ts';

export interface OtlpGrpcOptions {
  counters: Counters;
  maxBytes: number;
  random(): number;
  offer(request: OtlpExport): Promise<void>;
  /** Returns the URL of the dashboard, which is sent in the metadata of every response. */
  dashboard?: () => string;
}

export interface OtlpGrpc {
  listen(host: string, port: number): Promise<number>;
  stop(): Promise<void>;
}

const raw = (bytes: Buffer): Buffer => bytes;

/**
 * Returns the definition of a gRPC service with one unary method, Export. Its messages are passed
 * as raw bytes, so that HTTP and gRPC share the same decoders.
 */
const service = (name: string): grpc.ServiceDefinition => ({
  Export: {
    path: `/opentelemetry.proto.collector.${name}/Export`,
    requestStream: false,
    responseStream: false,
    requestSerialize: raw,
    requestDeserialize: raw,
    responseSerialize: raw,
    responseDeserialize: raw,
  },
});

export function createOtlpGrpc(options: OtlpGrpcOptions): OtlpGrpc {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': options.maxBytes,
    // Limit the concurrent streams of a connection, because the memory of partly received messages
    // is not counted in any budget.
    'grpc.max_concurrent_streams': 16,
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
  });
  const handler =
    (signal: 'spans' | 'logs', decode: (body: Buffer) => OtlpExport) =>
    (call: grpc.ServerUnaryCall<Buffer, Buffer>, answer: grpc.sendUnaryData<Buffer>): void => {
      if (options.dashboard !== undefined) {
        const initial = new grpc.Metadata();
        initial.set(DASHBOARD_HEADER, options.dashboard());
        call.sendMetadata(initial);
      }
      const run = async (): Promise<HttpAnswer> =>
        respondAfterCommit(decode(call.request), 'protobuf', signal, options);
      run().then(
        ({ body }) => answer(null, body),
        (error: unknown) => {
          options.counters.add('fermata_failed_requests_total');
          const { code, details, status } = grpcFailure(error, options.random());
          const metadata = new grpc.Metadata();
          metadata.set('grpc-status-details-bin', status);
          answer({ code, details, metadata });
        },
      );
    };
  server.addService(service('trace.v1.TraceService'), { Export: handler('spans', decodeTraces) });
  server.addService(service('logs.v1.LogsService'), { Export: handler('logs', decodeLogs) });
  server.addService(service('metrics.v1.MetricsService'), {
    Export: handler('logs', () => {
      options.counters.add('fermata_discarded_metric_requests_total');
      return emptyExport();
    }),
  });
  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
        server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, bound) => {
          if (error)
            reject(
              new FermataError(
                'address.in-use',
                `OTLP/gRPC: cannot listen on ${host}:${port}: ${messageOf(error)}`,
                {
                  cause: error,
                  hint: 'Stop the other program, or set FERMATA_OTLP_GRPC_PORT to a free port.',
                },
              ),
            );
          else resolve(bound);
        });
      }),
    stop: () =>
      new Promise((resolve) => {
        server.tryShutdown(() => {
          server.forceShutdown();
          resolve();
        });
      }),
  };
}

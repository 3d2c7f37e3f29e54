import { createServer, type Server } from 'node:http';
import type { Clock } from '../base/clock.ts';
import type { Counters } from '../base/counters.ts';
import { listen, closeServer } from '../base/http.ts';
import type { Log } from '../base/log.ts';
import { createMemory } from '../base/memory.ts';
import { createBudget } from './budget.ts';
import { createIntake, type IntakeOptions } from './intake.ts';
import { createOtlpGrpc } from './otlp-grpc.ts';
import { otlpHttpApp } from './otlp-http.ts';
import type { OtlpExport } from '../model/otlp.ts';

export type { WrittenBatch } from './intake.ts';
export { decodeFileJson } from './otlp-json.ts';

/**
 * Receives OTLP over HTTP and gRPC. Both pass requests to one intake, a queue of limited size that
 * commits requests in groups. A request is answered only when the result of its commit is known.
 */
export interface Receiver {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** True while fewer records wait for a commit than half of the intake's limit. */
  readonly ready: boolean;
  /** Time that the oldest request has waited for its commit, ms. */
  readonly oldestMs: number;
  /** Accepts a request that did not arrive over the network, for example from an import. */
  offer(request: OtlpExport): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface ReceiverOptions<P> {
  clock: Clock;
  counters: Counters;
  log: Log;
  host: string;
  httpPort: number;
  grpcPort: number;
  random: () => number;
  prepare: IntakeOptions<P>['prepare'];
  write: IntakeOptions<P>['write'];
  refusal?: IntakeOptions<P>['refusal'];
  onCommit?: IntakeOptions<P>['onCommit'];
  /** Returns the URL of the dashboard, which is sent in a header of every response. */
  dashboard?: () => string;
}

/**
 * Maximum size of a request after decompression, bytes. OTLP 1.11 requires such a limit and
 * recommends 64 MiB.
 */
const MAX_BYTES = 64 * 1024 * 1024;
/**
 * Maximum size of a gRPC message, bytes: four times the default limit of the OpenTelemetry
 * Collector. A larger limit would be risky, because grpc-js does not account for memory while a
 * message arrives.
 */
const GRPC_MAX_BYTES = 16 * 1024 * 1024;
const MAX_WAITING = 200_000;

export function createReceiver<P>(options: ReceiverOptions<P>): Receiver {
  const { counters, random } = options;
  const intake = createIntake({
    clock: options.clock,
    counters,
    log: options.log,
    maxWaiting: MAX_WAITING,
    maxCommit: 20_000,
    lingerMs: 10,
    mostLingerMs: 50,
    prepare: (request) => options.prepare(request),
    write: (prepared) => options.write(prepared),
    refusal: () => options.refusal?.() ?? null,
    onCommit: (failure) => options.onCommit?.(failure),
  });
  const budget = createBudget(options.clock, MAX_BYTES, 4 * MAX_BYTES);
  counters.gauge('fermata_intake_waiting', () => intake.waiting);
  counters.gauge('fermata_intake_oldest_seconds', () => intake.oldestMs / 1000);
  counters.gauge('fermata_request_bytes_in_flight', () => budget.inFlight);
  const offer = (request: OtlpExport): Promise<void> => intake.offer(request);
  const shared = {
    counters,
    random,
    offer,
    ...(options.dashboard && { dashboard: options.dashboard }),
  };
  const http: Server = createServer(
    // Node checks the first two timeouts every `connectionsCheckingInterval`, which is 30 s by
    // default and would be too rare.
    {
      headersTimeout: 10_000,
      requestTimeout: 30_000,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: 65_000,
    },
    otlpHttpApp({ ...shared, budget, memory: createMemory() }),
  );
  http.maxConnections = 2048;
  const grpc = createOtlpGrpc({ ...shared, maxBytes: GRPC_MAX_BYTES });
  let httpPort = options.httpPort;
  let grpcPort = options.grpcPort;
  return {
    get httpPort() {
      return httpPort;
    },
    get grpcPort() {
      return grpcPort;
    },
    get ready() {
      return intake.waiting < MAX_WAITING / 2;
    },
    get oldestMs() {
      return intake.oldestMs;
    },
    offer,
    async start() {
      httpPort = await listen(
        http,
        options.host,
        options.httpPort,
        'OTLP/HTTP',
        'FERMATA_OTLP_HTTP_PORT',
      );
      grpcPort = await grpc.listen(options.host, options.grpcPort);
    },
    async stop() {
      await Promise.all([closeServer(http, () => intake.stop()), grpc.stop(), intake.stop()]);
    },
  };
}

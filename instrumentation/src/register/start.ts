import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { diag, DiagConsoleLogger, DiagLogLevel, trace } from '@opentelemetry/api';
import { instrumentAmqplib, instrumentAmqplibCallbacks } from '../adapters/amqplib.ts';
import { instrumentKafkaJs } from '../adapters/kafkajs.ts';
import { instrumentMqtt } from '../adapters/mqtt.ts';
import { instrumentNats } from '../adapters/nats.ts';
import { instrumentPlatformaticKafka } from '../adapters/platformatic-kafka.ts';
import { instrumentIoRedis, instrumentNodeRedis } from '../adapters/redis-streams.ts';
import { FlowSpanProcessor } from '../core/processor.ts';
import { unheld } from './unref-exporter.ts';

/**
 * What `node --import @fermata/instrumentation/register app.js` does: starts OpenTelemetry's Node SDK as the environment says
 * (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, …), stamps every span with its flow, sends milestones at once, and
 * traces the installed clients. Works with sdk-node 0.2xx and 0.3xx; both are found in the app's own node_modules.
 */
interface Sdk {
  start(): void;
  shutdown(): Promise<void>;
}
interface Processor {
  forceFlush(): Promise<void>;
}
type Constructor = new (...args: unknown[]) => unknown;

/** Milestones are sent at once, those of one turn of the event loop together. */
const MILESTONE_DELAY_MS = 10;
/**
 * What a job starts, or a batch sends, in one turn; beyond the SDK's 2,048 all was dropped without a word. At the end all
 * that waits is sent at once, 512 by 512, in less than thirty requests.
 */
const MOST_WAITING = 12_288;
/**
 * How long a processor waits for an export before it begins the next; trying goes on beside it. It waits by a timer that
 * keeps the process alive: with this and the last flush a process ends at most two seconds after its work.
 */
const LONGEST_EXPORT_MS = 1000;
const LONGEST_FLUSH_MS = 1000;
/** How long a signal to end waits for what was recorded last. */
const LONGEST_STOP_MS = 2000;
/** How often what ended is sent while the application shuts down: `process.exit` may come at any time, and waits for nothing. */
const DRAIN_FLUSH_MS = 100;
/** A signal of one's own may come a little later. */
const SIGNAL_TAKES_MS = 50;

const fromApp = createRequire(join(process.cwd(), 'package.json'));

function load(require: NodeJS.Require, name: string): Record<string, Constructor> | undefined {
  try {
    return require(name) as Record<string, Constructor>;
  } catch {
    return undefined;
  }
}

function startSdk(): { sdk: Sdk; processors: Processor[] } | undefined {
  let fromSdk: NodeJS.Require;
  try {
    fromSdk = createRequire(fromApp.resolve('@opentelemetry/sdk-node'));
  } catch {
    process.stderr.write(
      'fermata: @opentelemetry/sdk-node is not installed; nothing will be traced. → npm install @opentelemetry/sdk-node\n',
    );
    return undefined;
  }
  const sdkNode = load(fromApp, '@opentelemetry/sdk-node');
  const sdkTrace =
    load(fromSdk, '@opentelemetry/sdk-trace') ?? load(fromSdk, '@opentelemetry/sdk-trace-base');
  const sdkLogs = load(fromSdk, '@opentelemetry/sdk-logs');
  const traces = load(fromSdk, '@opentelemetry/exporter-trace-otlp-proto');
  const logs = load(fromSdk, '@opentelemetry/exporter-logs-otlp-proto');
  if (!sdkNode?.['NodeSDK'] || !sdkTrace?.['BatchSpanProcessor'] || !traces?.['OTLPTraceExporter']) {
    process.stderr.write(
      'fermata: this @opentelemetry/sdk-node lacks what is needed; nothing will be traced\n',
    );
    return undefined;
  }
  const spans = withExporter(sdkTrace['BatchSpanProcessor'], unheld(new traces['OTLPTraceExporter']()), {
    // The SDK's five seconds are long for a live page.
    scheduledDelayMillis: fromEnvironment('OTEL_BSP_SCHEDULE_DELAY', 1000),
    exportTimeoutMillis: LONGEST_EXPORT_MS,
    maxQueueSize: fromEnvironment('OTEL_BSP_MAX_QUEUE_SIZE', MOST_WAITING),
  });
  const milestones =
    sdkLogs?.['BatchLogRecordProcessor'] && logs?.['OTLPLogExporter']
      ? [
          withExporter(sdkLogs['BatchLogRecordProcessor'], unheld(new logs['OTLPLogExporter']()), {
            // Of requests under way an exporter takes thirty, and drops the others: one for each milestone are too many.
            scheduledDelayMillis: MILESTONE_DELAY_MS,
            exportTimeoutMillis: LONGEST_EXPORT_MS,
            maxQueueSize: MOST_WAITING,
          }),
        ]
      : undefined;
  const sdk = new sdkNode['NodeSDK']({
    spanProcessors: [new FlowSpanProcessor(), spans],
    ...(milestones && { logRecordProcessors: milestones }),
  }) as Sdk;
  sdk.start();
  return { sdk, processors: [spans, ...(milestones ?? [])] };
}

/** What is no number, or none above zero, is as if it were not set. */
function fromEnvironment(name: string, usual: number): number {
  const value = Number(process.env[name]);
  return value > 0 ? value : usual;
}

/** Newer processors take `{ exporter, … }`, older ones the exporter and then the rest; what it kept shows which. */
function withExporter(Make: Constructor, exporter: unknown, options: object = {}): Processor {
  const processor = new Make({ exporter, ...options }) as Processor & { _exporter?: unknown };
  return processor._exporter === exporter ? processor : (new Make(exporter, options) as Processor);
}

/** Clients that are found in the app's own node_modules are traced; what an adapter needs of them stands here. */
const CLIENTS: Record<string, (module: never) => void> = {
  amqplib: instrumentAmqplib,
  'amqplib/callback_api': instrumentAmqplibCallbacks,
  kafkajs: instrumentKafkaJs,
  '@platformatic/kafka': instrumentPlatformaticKafka,
  '@nats-io/transport-node': instrumentNats,
  ioredis: instrumentIoRedis,
  redis: instrumentNodeRedis,
  mqtt: instrumentMqtt,
};

function traceClients(): void {
  for (const [name, instrument] of Object.entries(CLIENTS)) {
    // Only what is installed is loaded, and only what can be resolved from the app.
    const client = load(fromApp, name);
    if (client === undefined) continue;
    try {
      instrument(client as never);
    } catch (error) {
      diag.warn(`fermata: ${name} is installed, but could not be traced`, error);
    }
  }
}

if (process.env['OTEL_LOG_LEVEL']) diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
if (process.env['OTEL_SDK_DISABLED'] !== 'true') {
  // Without the SDK there are no spans, and nothing to put onto messages.
  if (isRegistered()) {
    process.stderr.write(
      'fermata: an OpenTelemetry SDK is registered already; messages are traced by it. → give it a FlowSpanProcessor\n',
    );
    traceClients();
  } else {
    const started = startSdk();
    if (started !== undefined) {
      traceClients();
      endWithTheProcess(started);
    }
  }
}

/** Somebody else's SDK, loaded before: a second one would be given no spans. */
function isRegistered(): boolean {
  const proxy = trace.getTracerProvider() as { getDelegate?: () => object };
  return typeof (proxy.getDelegate?.() as Partial<Processor> | undefined)?.forceFlush === 'function';
}

function endWithTheProcess({ sdk, processors }: { sdk: Sdk; processors: Processor[] }): void {
  /** How it ended. Nothing else keeps the process alive for it. */
  const stop = (longestMs: number): Promise<'in time' | 'late'> =>
    new Promise((resolve) => {
      const late = setTimeout(resolve, longestMs, 'late');
      const done = (): void => {
        clearTimeout(late);
        resolve('in time');
      };
      sdk.shutdown().then(done, done);
    });
  const flush = (): void => {
    for (const processor of processors) processor.forceFlush().catch(() => undefined);
  };
  process.once('beforeExit', () => {
    // Nothing ran any more: what runs from here on is ours, unless others listen, too.
    const alone = process.listenerCount('beforeExit') === 0;
    void stop(LONGEST_FLUSH_MS).then((how) => {
      if (alone && how === 'late') process.exit();
    });
  });
  // What was recorded last says why a service stopped. Only where the app does not handle the signal is leaving ours;
  // where it does it still has work to end, whose spans are to come. First in line: what handles it only where nobody
  // else does (signal-exit) finds itself alone.
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.prependOnceListener(signal, () => {
      if (process.listenerCount(signal) === 0) void stop(LONGEST_STOP_MS).then(() => endBy(signal));
      else {
        flush();
        setInterval(flush, DRAIN_FLUSH_MS).unref();
      }
    });
}

/** As it would have without us: whoever started the process sees the signal, and no listener for `exit` is called. */
function endBy(signal: 'SIGTERM' | 'SIGINT'): void {
  process.kill(process.pid, signal);
  // The first process of a container ignores a signal that it does not handle.
  setTimeout(() => process.exit(128 + constants.signals[signal]), SIGNAL_TAKES_MS);
}

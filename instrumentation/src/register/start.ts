import { createRequire } from 'node:module';
import { join } from 'node:path';
import { diag, DiagConsoleLogger, DiagLogLevel, trace } from '@opentelemetry/api';
import { CLIENTS } from '../adapters/index.ts';
import { FlowSpanProcessor } from '../core/processor.ts';
import { shutdownWithProcess, type Processor, type Sdk } from './shutdown.ts';
import { unrefExporter } from './unref-exporter.ts';

/**
 * Starts OpenTelemetry's Node SDK as the environment says (OTEL_EXPORTER_OTLP_ENDPOINT,
 * OTEL_SERVICE_NAME, …), stamps every span with its flow, exports milestones at once, and traces
 * the installed clients. Works with sdk-node 0.2xx and 0.3xx; both are found in the app's own
 * node_modules.
 */
type Constructor = new (...args: unknown[]) => unknown;

/** Delay of milestones, ms: those of one turn of the event loop are exported together. */
const MILESTONE_DELAY_MS = 10;
/**
 * Capacity of a processor's queue, in records. A job may start, or a batch send, this many in one
 * turn; beyond the SDK's 2,048 all was dropped silently. At the end the whole queue is exported at
 * once, 512 by 512, in less than thirty requests.
 */
const MAX_QUEUE_SIZE = 12_288;
/**
 * Time that a processor waits for an export before it begins the next, ms; the export continues
 * meanwhile. The processor waits by a timer that keeps the process alive.
 */
const MAX_EXPORT_MS = 1000;

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
  if (
    !sdkNode?.['NodeSDK'] ||
    !sdkTrace?.['BatchSpanProcessor'] ||
    !traces?.['OTLPTraceExporter']
  ) {
    process.stderr.write(
      'fermata: this @opentelemetry/sdk-node lacks what is needed; nothing will be traced\n',
    );
    return undefined;
  }
  const spans = withExporter(
    sdkTrace['BatchSpanProcessor'],
    unrefExporter(new traces['OTLPTraceExporter']()),
    {
      // The SDK's five seconds are too long for a live page.
      scheduledDelayMillis: fromEnvironment('OTEL_BSP_SCHEDULE_DELAY', 1000),
      exportTimeoutMillis: MAX_EXPORT_MS,
      maxQueueSize: fromEnvironment('OTEL_BSP_MAX_QUEUE_SIZE', MAX_QUEUE_SIZE),
    },
  );
  const milestones =
    sdkLogs?.['BatchLogRecordProcessor'] && logs?.['OTLPLogExporter']
      ? [
          withExporter(
            sdkLogs['BatchLogRecordProcessor'],
            unrefExporter(new logs['OTLPLogExporter']()),
            {
              // An exporter takes thirty concurrent requests and drops the others: one for each
              // milestone would be too many.
              scheduledDelayMillis: MILESTONE_DELAY_MS,
              exportTimeoutMillis: MAX_EXPORT_MS,
              maxQueueSize: MAX_QUEUE_SIZE,
            },
          ),
        ]
      : undefined;
  const sdk = new sdkNode['NodeSDK']({
    spanProcessors: [new FlowSpanProcessor(), spans],
    ...(milestones && { logRecordProcessors: milestones }),
  }) as Sdk;
  sdk.start();
  return { sdk, processors: [spans, ...(milestones ?? [])] };
}

/** Reads a positive number; any other value counts as not set. */
function fromEnvironment(name: string, usual: number): number {
  const value = Number(process.env[name]);
  return value > 0 ? value : usual;
}

/**
 * Makes a processor. Newer ones take `{ exporter, … }`, older ones the exporter and then the
 * options; the exporter that it kept shows which.
 */
function withExporter(Make: Constructor, exporter: unknown, options: object = {}): Processor {
  const processor = new Make({ exporter, ...options }) as Processor & { _exporter?: unknown };
  return processor._exporter === exporter ? processor : (new Make(exporter, options) as Processor);
}

function traceClients(): void {
  for (const [name, instrument] of Object.entries(CLIENTS)) {
    // Only installed clients are loaded, and only those that resolve from the app.
    const client = load(fromApp, name);
    if (client === undefined) continue;
    try {
      instrument(client as never);
    } catch (error) {
      diag.warn(`fermata: ${name} is installed, but could not be traced`, error);
    }
  }
}

/** Finds another SDK that was registered before: a second one would be given no spans. */
function isRegistered(): boolean {
  const proxy = trace.getTracerProvider() as { getDelegate?: () => object };
  return (
    typeof (proxy.getDelegate?.() as Partial<Processor> | undefined)?.forceFlush === 'function'
  );
}

if (process.env['OTEL_LOG_LEVEL']) diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
if (process.env['OTEL_SDK_DISABLED'] !== 'true') {
  // Without an SDK there are no spans, and no context for messages.
  if (isRegistered()) {
    process.stderr.write(
      'fermata: an OpenTelemetry SDK is registered already; messages are traced by it. → give it a FlowSpanProcessor\n',
    );
    traceClients();
  } else {
    const started = startSdk();
    if (started !== undefined) {
      traceClients();
      shutdownWithProcess(started.sdk, started.processors);
    }
  }
}

import { createRequire } from 'node:module';
import { join } from 'node:path';
import { diag, DiagConsoleLogger, DiagLogLevel, trace } from '@opentelemetry/api';
import { CLIENTS } from '../adapters/index.ts';
import { FlowSpanProcessor } from '../core/processor.ts';
import { shutdownWithProcess, type Processor, type Sdk } from './shutdown.ts';
import { unrefExporter } from './unref-exporter.ts';

/**
 * This file starts OpenTelemetry's Node SDK as configured by the environment
 * (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, …), adds the flow to every span, exports
 * milestones almost immediately, and traces the installed clients. It works with sdk-node 0.2xx and
 * 0.3xx. The SDK and the clients are loaded from the app's own node_modules.
 */
type Constructor = new (...args: unknown[]) => unknown;

/**
 * Delay before milestones are exported, ms, so that milestones of one turn of the event loop are
 * exported together.
 */
const MILESTONE_DELAY_MS = 10;
/**
 * Capacity of a processor's queue, in records. In one turn of the event loop, a job or a batch may
 * make this many records. With the SDK's capacity of 2,048, all further records were dropped
 * silently. When the process ends, the whole queue is exported in less than thirty requests of at
 * most 512 records.
 */
const MAX_QUEUE_SIZE = 12_288;
/**
 * Maximum time that a processor waits for an export before it begins the next one, ms; the export
 * itself continues. The limit is short, because the processor waits by a timer that keeps the
 * process alive.
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
  const traces = load(fromSdk, `@opentelemetry/exporter-trace-otlp-${transportOf('TRACES')}`);
  const logs = load(fromSdk, `@opentelemetry/exporter-logs-otlp-${transportOf('LOGS')}`);
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
      // The SDK's default delay of five seconds is too long for a live page.
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
              // Milestones are exported after a short delay, because an exporter allows thirty
              // concurrent requests and drops all others: one request for each milestone would be
              // too many.
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

/** Returns how the exporter's package for a signal is called, by OTEL_EXPORTER_OTLP_PROTOCOL. */
function transportOf(signal: 'TRACES' | 'LOGS'): 'proto' | 'http' | 'grpc' {
  const protocol =
    process.env[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`]?.trim() ||
    process.env['OTEL_EXPORTER_OTLP_PROTOCOL']?.trim();
  return protocol === 'grpc' ? 'grpc' : protocol === 'http/json' ? 'http' : 'proto';
}

/**
 * Returns a positive number from the environment; `usual` if the variable has any other value or is
 * not set.
 */
function fromEnvironment(name: string, usual: number): number {
  const value = Number(process.env[name]);
  return value > 0 ? value : usual;
}

/**
 * Makes a processor. The constructor of newer versions takes `{ exporter, … }`; that of older
 * versions takes the exporter and then the options. The exporter that the new processor holds shows
 * which of the two forms was understood.
 */
function withExporter(Make: Constructor, exporter: unknown, options: object = {}): Processor {
  const processor = new Make({ exporter, ...options }) as Processor & { _exporter?: unknown };
  return processor._exporter === exporter ? processor : (new Make(exporter, options) as Processor);
}

function traceClients(): void {
  for (const [name, instrument] of Object.entries(CLIENTS)) {
    // A client is loaded only if it is installed and can be resolved from the app.
    const client = load(fromApp, name);
    if (client === undefined) continue;
    try {
      instrument(client as never);
    } catch (error) {
      diag.warn(`fermata: ${name} is installed, but could not be traced`, error);
    }
  }
}

/** Returns whether another SDK was registered before. If so, a second SDK would get no spans. */
function isRegistered(): boolean {
  const proxy = trace.getTracerProvider() as { getDelegate?: () => object };
  return (
    typeof (proxy.getDelegate?.() as Partial<Processor> | undefined)?.forceFlush === 'function'
  );
}

if (process.env['OTEL_LOG_LEVEL']) diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
if (process.env['OTEL_SDK_DISABLED'] !== 'true') {
  // Clients are traced only if an SDK is registered, because without an SDK there are no spans, and
  // there is no context to send with messages.
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

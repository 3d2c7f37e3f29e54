import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import {
  diag,
  DiagConsoleLogger,
  DiagLogLevel,
  trace,
  TraceFlags,
  type Span,
} from '@opentelemetry/api';
import { CLIENTS, FRAMEWORKS } from '../adapters/index.ts';
import { CLIENT_PACKAGES, remarkOn } from '../clients.ts';
import { FlowSpanProcessor } from '../core/processor.ts';
import { flushAtCrash } from './crash.ts';
import {
  addressOf,
  isOff,
  makeExporter,
  watchExports,
  type Constructor,
  type Load,
  type Pending,
} from './exporters.ts';
import { traceRequests } from './http.ts';
import { onLoad } from './loading.ts';
import { shutdownWithProcess, type Processor, type Sdk } from './shutdown.ts';

/**
 * This file starts OpenTelemetry's Node SDK as configured by the environment
 * (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, …), adds the flow to every span, exports
 * milestones almost immediately, and traces the installed clients. It works with sdk-node 0.2xx and
 * 0.3xx. The SDK is loaded from the app's own node_modules; clients are traced when the app loads
 * them.
 */
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
/** Time after which the clients found so far are named, ms. */
const SAID_AFTER_MS = 1500;

/**
 * Returns the functions that load a package as the application, its main module and this package
 * would, in this order. A monorepo may start from its root, and a process manager from anywhere.
 */
const places = (): NodeJS.Require[] =>
  [join(process.cwd(), 'package.json'), process.argv[1] ?? '', __filename]
    .filter((place) => place !== '')
    .map((place) => createRequire(resolve(place)));

function load(from: NodeJS.Require, name: string): Record<string, Constructor> | undefined {
  try {
    return from(name) as Record<string, Constructor>;
  } catch {
    return undefined;
  }
}

/** Returns the function that loads sdk-node and its parts; undefined if it is not installed. */
function findSdk(): Load | undefined {
  for (const place of places()) {
    let inside: NodeJS.Require;
    try {
      inside = createRequire(place.resolve('@opentelemetry/sdk-node'));
    } catch {
      continue;
    }
    return (name) => load(name === '@opentelemetry/sdk-node' ? place : inside, name);
  }
  return undefined;
}

/**
 * Keeps what has ended until it has been exported. It fits processors of spans and of logs. Spans
 * that are not sampled are never exported; what an exporter's full queue dropped is forgotten.
 */
class PendingProcessor {
  private readonly pending: Set<object>;
  constructor(pending: Set<object>) {
    this.pending = pending;
  }
  onStart(): void {}
  onEnd(span: Span): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0) this.onEmit(span);
  }
  onEmit(record: object): void {
    if (this.pending.size >= MAX_QUEUE_SIZE) this.pending.clear();
    this.pending.add(record);
  }
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}

function startSdk(): { sdk: Sdk; processors: Processor[] } | undefined {
  const find = findSdk();
  if (find === undefined) {
    process.stderr.write(
      'fermata: @opentelemetry/sdk-node is not installed; nothing will be traced. → npm install @opentelemetry/sdk-node\n',
    );
    return undefined;
  }
  const sdkNode = find('@opentelemetry/sdk-node');
  const sdkTrace = find('@opentelemetry/sdk-trace') ?? find('@opentelemetry/sdk-trace-base');
  const sdkLogs = find('@opentelemetry/sdk-logs');
  const exporter = makeExporter('traces', find);
  if (!sdkNode?.['NodeSDK'] || !sdkTrace?.['BatchSpanProcessor'] || exporter === undefined) {
    process.stderr.write(
      'fermata: this @opentelemetry/sdk-node lacks what is needed; nothing will be traced\n',
    );
    return undefined;
  }
  const pending: Pending = { spans: new Set(), logs: new Set() };
  watchExports(exporter, 'traces', pending.spans);
  const spans = withExporter(sdkTrace['BatchSpanProcessor'], exporter, {
    // The SDK's default delay of five seconds is too long for a live page.
    scheduledDelayMillis: fromEnvironment('OTEL_BSP_SCHEDULE_DELAY', 1000),
    exportTimeoutMillis: MAX_EXPORT_MS,
    maxQueueSize: fromEnvironment('OTEL_BSP_MAX_QUEUE_SIZE', MAX_QUEUE_SIZE),
  });
  const milestones = milestonesProcessor(sdkLogs, find, pending);
  const sdk = new sdkNode['NodeSDK']({
    spanProcessors: [new FlowSpanProcessor(), new PendingProcessor(pending.spans), spans],
    ...(milestones && {
      logRecordProcessors: [new PendingProcessor(pending.logs), milestones],
    }),
    // Fermata takes no metrics, which the instrumentation of requests records.
    ...(process.env['OTEL_METRICS_EXPORTER'] === undefined && { metricReaders: [] }),
  }) as Sdk;
  sdk.start();
  flushAtCrash(pending, find);
  return { sdk, processors: [spans, ...(milestones ? [milestones] : [])] };
}

/** Makes the processor that exports milestones; undefined if logs are off or cannot be exported. */
function milestonesProcessor(
  sdkLogs: Record<string, Constructor> | undefined,
  find: Load,
  pending: Pending,
): Processor | undefined {
  const Make = sdkLogs?.['BatchLogRecordProcessor'];
  const exporter = Make === undefined || isOff('logs') ? undefined : makeExporter('logs', find);
  if (Make === undefined || exporter === undefined) return undefined;
  watchExports(exporter, 'logs', pending.logs);
  return withExporter(Make, exporter, {
    // Milestones are exported after a short delay, because an exporter allows thirty concurrent
    // requests and drops all others: one request for each milestone would be too many.
    scheduledDelayMillis: MILESTONE_DELAY_MS,
    exportTimeoutMillis: MAX_EXPORT_MS,
    maxQueueSize: MAX_QUEUE_SIZE,
  });
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

/**
 * Traces clients as the application loads them, and says soon after the start which it found, and
 * where their spans go; an SDK of the application knows that itself.
 */
function traceClients(sendsTo: string | undefined): void {
  const found = new Map<string, string>();
  onLoad({ ...CLIENTS, ...FRAMEWORKS }, (name, folder) =>
    found.set(packageOf(name), versionIn(folder)),
  );
  const say = (): void => {
    clearTimeout(later);
    const clients = [...found].map(([name, version]) => described(name, version));
    const isWanted = process.env['FERMATA_LOG'] !== 'warn';
    if (!isWanted || (clients.length === 0 && sendsTo === undefined)) return;
    process.stderr.write(
      `fermata: traces ${clients.join(', ') || 'no client of a broker so far'}${sendsTo === undefined ? '' : `; sends to ${sendsTo}`}\n`,
    );
  };
  const later = setTimeout(say, SAID_AFTER_MS).unref();
}

/** Names a client with its version, and says if that version is none of the tested ones. */
function described(name: string, version: string): string {
  if (version === '') return name;
  const known = CLIENT_PACKAGES.find((client) => client.name === name);
  const remark = known && remarkOn(known, version);
  return `${name} ${version}${remark === undefined ? '' : ` (${remark})`}`;
}

const fromHere = createRequire(__filename);
const packageOf = (name: string): string => name.split('/', name.startsWith('@') ? 2 : 1).join('/');
function versionIn(folder: string | undefined): string {
  try {
    return (fromHere(join(folder ?? '', 'package.json')) as { version: string }).version;
  } catch {
    return '';
  }
}

/** Returns whether another SDK was registered before. If so, a second SDK would get no spans. */
function isRegistered(): boolean {
  const proxy = trace.getTracerProvider() as { getDelegate?: () => object };
  return (
    typeof (proxy.getDelegate?.() as Partial<Processor> | undefined)?.forceFlush === 'function'
  );
}

// With OTEL_LOG_LEVEL set, the SDK sets a logger itself.
if (process.env['FERMATA_LOG'] === 'debug' && !process.env['OTEL_LOG_LEVEL'])
  diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
if (process.env['OTEL_SDK_DISABLED'] !== 'true' && !isOff('traces')) {
  // Clients are traced only if an SDK is registered, because without an SDK there are no spans, and
  // there is no context to send with messages.
  if (isRegistered()) {
    process.stderr.write(
      'fermata: an OpenTelemetry SDK is registered already; messages are traced by it. → give it a FlowSpanProcessor\n',
    );
    traceClients(undefined);
  } else {
    const started = startSdk();
    if (started !== undefined) {
      traceRequests();
      traceClients(addressOf('traces'));
      shutdownWithProcess(started.sdk, started.processors);
    }
  }
}

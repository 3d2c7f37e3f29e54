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
import { createLastExport, flushAtCrash, type LastExport } from './crash.ts';
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
 * (OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME, …). It adds the flow to every span, exports
 * milestones (log events about flows and steps) almost immediately, and traces broker clients when
 * the application loads them. The SDK comes from the application's own node_modules; sdk-node 0.2xx
 * and 0.3xx work.
 */
/**
 * Delay before milestones are exported, ms. Milestones of one turn of the event loop thus share one
 * export.
 */
const MILESTONE_DELAY_MS = 10;
/**
 * Capacity of an exporter's queue, in records. One turn of the event loop, such as a batch job, may
 * make as many; with the SDK's default of 2,048, further records are dropped silently. A full queue
 * is exported in fewer than thirty requests of at most 512 records.
 */
const MAX_QUEUE_SIZE = 12_288;
/**
 * Maximum time that a processor waits for an export before it begins the next one, ms. The export
 * itself continues. The limit is short, because the timer of this wait keeps the process alive.
 */
const MAX_EXPORT_MS = 1000;
/** Time after the start, or after a client was loaded, at which clients are printed, ms. */
const SAID_AFTER_MS = 1500;

/**
 * Returns three `require` functions, which resolve packages from the working directory, the
 * application's main module and this package. They are tried in this order, because a monorepo may
 * start from its root, and a process manager from anywhere.
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

/**
 * Returns the function that loads sdk-node and the packages inside it; undefined if sdk-node is not
 * installed.
 */
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
 * Collects spans or log records that have ended, until they are exported. It works as a processor
 * of both. Spans that are not sampled are left out, because they are never exported. A full set is
 * emptied, because an exporter whose queue is full drops records without a notice.
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

function startSdk(): { sdk: Sdk; processors: Processor[]; last: LastExport } | undefined {
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
    // The SDK's default delay of five seconds would be too long for a dashboard that updates live.
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
    // The Fermata server accepts no metrics, which the HTTP instrumentation would otherwise export.
    ...(process.env['OTEL_METRICS_EXPORTER'] === undefined && { metricReaders: [] }),
  }) as Sdk;
  sdk.start();
  const last = createLastExport(pending, find);
  flushAtCrash(last);
  return { sdk, processors: [spans, ...(milestones ? [milestones] : [])], last };
}

/**
 * Returns the processor that exports milestones; undefined if log export is off or not possible.
 */
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
    // Milestones are exported in small batches. One request per milestone would exceed the thirty
    // concurrent requests that an exporter allows, and it drops all others.
    scheduledDelayMillis: MILESTONE_DELAY_MS,
    exportTimeoutMillis: MAX_EXPORT_MS,
    maxQueueSize: MAX_QUEUE_SIZE,
  });
}

/**
 * Returns a positive number from an environment variable; `usual` if it is not set or has another
 * value.
 */
function fromEnvironment(name: string, usual: number): number {
  const value = Number(process.env[name]);
  return value > 0 ? value : usual;
}

/**
 * Makes a processor with an exporter. Newer constructors take `{ exporter, … }`, older ones take
 * the exporter and then the options. The newer form is tried first: if the processor then does not
 * hold the exporter, the version is an older one.
 */
function withExporter(Make: Constructor, exporter: unknown, options: object = {}): Processor {
  const processor = new Make({ exporter, ...options }) as Processor & { _exporter?: unknown };
  return processor._exporter === exporter ? processor : (new Make(exporter, options) as Processor);
}

/**
 * Traces broker clients when the application loads them. Soon after the start, it prints which
 * clients were found and where spans are sent, and later which ones were loaded since; `sendsTo` is
 * undefined if the application has its own SDK.
 */
function traceClients(sendsTo: string | undefined): void {
  const said = new Set<string>();
  const found = new Set<string>();
  let later: NodeJS.Timeout | undefined;
  const say = (): void => {
    later = undefined;
    const isFirst = said.size === 0;
    const clients = [...found].join(', ');
    for (const one of found) said.add(one);
    found.clear();
    const to = isFirst && sendsTo !== undefined ? `; sends to ${sendsTo}` : '';
    if (process.env['FERMATA_LOG'] !== 'warn' && (clients !== '' || to !== ''))
      process.stderr.write(
        `fermata: traces ${clients || 'no client of a broker so far'}${isFirst ? '' : ' as well'}${to}\n`,
      );
  };
  const sayLater = (): void => {
    later ??= setTimeout(say, SAID_AFTER_MS).unref();
  };
  sayLater();
  onLoad({ ...CLIENTS, ...FRAMEWORKS }, (name, folder) => {
    const client = described(packageOf(name), versionIn(folder));
    if (said.has(client)) return;
    found.add(client);
    sayLater();
  });
}

/**
 * Returns a client's name and version for printing, with a remark if that version is not tested.
 */
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

/**
 * Returns whether the application has registered an SDK already. A second SDK would get no spans.
 */
function isRegistered(): boolean {
  const proxy = trace.getTracerProvider() as { getDelegate?: () => object };
  return (
    typeof (proxy.getDelegate?.() as Partial<Processor> | undefined)?.forceFlush === 'function'
  );
}

// If OTEL_LOG_LEVEL is set, the SDK sets up a logger itself.
if (process.env['FERMATA_LOG'] === 'debug' && !process.env['OTEL_LOG_LEVEL'])
  diag.setLogger(new DiagConsoleLogger(), DiagLogLevel.WARN);
if (process.env['OTEL_SDK_DISABLED'] !== 'true' && !isOff('traces')) {
  // Clients are traced only if an SDK is registered. Without one there are no spans and no context
  // to send.
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
      shutdownWithProcess(started.sdk, started.processors, started.last);
    }
  }
}

import { unrefExporter } from './unref-exporter.ts';

/** Signals of OpenTelemetry that are exported: spans or log records. */
export type Signal = 'traces' | 'logs';
export type Constructor = new (...args: unknown[]) => unknown;
export type Load = (name: string) => Record<string, Constructor> | undefined;

interface Exporter {
  export(records: object[], done: (result: { code: number; error?: Error }) => void): void;
}

/**
 * Endings of the names of OpenTelemetry's OTLP exporter packages, by protocol. sdk-node depends on
 * these packages.
 */
const PACKAGE_ENDINGS: Readonly<Record<string, string>> = {
  'http/protobuf': 'proto',
  'http/json': 'http',
  grpc: 'grpc',
};
const SIGNALS = {
  traces: { package: '@opentelemetry/exporter-trace-otlp', exporter: 'OTLPTraceExporter' },
  logs: { package: '@opentelemetry/exporter-logs-otlp', exporter: 'OTLPLogExporter' },
} as const;

const setting = (signal: Signal, name: string): string | undefined =>
  process.env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`] ||
  process.env[`OTEL_EXPORTER_OTLP_${name}`] ||
  undefined;
export const protocolOf = (signal: Signal): string =>
  setting(signal, 'PROTOCOL') ?? 'http/protobuf';

/**
 * Returns the address to which a signal is sent, by the rules of the OTLP exporter specification:
 * OTEL_EXPORTER_OTLP_<SIGNAL>_ENDPOINT is used as it is, and the signal's path is appended to
 * OTEL_EXPORTER_OTLP_ENDPOINT.
 */
export function addressOf(signal: Signal): string {
  const own = process.env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_ENDPOINT`];
  if (own) return own;
  const common = process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  if (protocolOf(signal) === 'grpc') return common || 'http://localhost:4317';
  return `${(common || 'http://localhost:4318').replace(/\/$/, '')}/v1/${signal}`;
}

/**
 * Returns the headers for export requests of a signal. They are read from the environment variable
 * OTEL_EXPORTER_OTLP_HEADERS (or its variant for the signal), which has W3C baggage format.
 */
export function headersOf(signal: Signal): Record<string, string> {
  const pairs = (setting(signal, 'HEADERS') ?? '').split(',').map((pair) => pair.split('='));
  return Object.fromEntries(
    pairs.flatMap(([name = '', ...value]) =>
      name.trim() === '' ? [] : [[name.trim(), decode(value.join('=').trim())]],
    ),
  );
}
function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Returns whether OTEL_<SIGNAL>_EXPORTER is set to a list without `otlp`. */
export function isOff(signal: Signal): boolean {
  const asked = process.env[`OTEL_${signal.toUpperCase()}_EXPORTER`];
  return (
    asked !== undefined && asked !== '' && !asked.split(',').some((one) => one.trim() === 'otlp')
  );
}

/**
 * Makes the OTLP exporter of a signal for the protocol that the environment names. Returns
 * undefined if the installed sdk-node has no exporter for that protocol.
 */
export function makeExporter(signal: Signal, load: Load): object | undefined {
  const { package: name, exporter } = SIGNALS[signal];
  const ending = PACKAGE_ENDINGS[protocolOf(signal)] ?? 'proto';
  const Make = load(`${name}-${ending}`)?.[exporter];
  return Make === undefined ? undefined : unrefExporter(new Make() as object);
}

/** Spans and log records that have ended and have not been exported yet. */
export interface Pending {
  spans: Set<object>;
  logs: Set<object>;
}

/**
 * Patches an exporter so that exported records are removed from `pending`, and the first failure is
 * printed with its reason. Otherwise a wrong address could not be distinguished from a service that
 * does nothing.
 */
export function watchExports(exporter: object, signal: Signal, pending: Set<object>): void {
  const watched = exporter as Exporter;
  const send = watched.export.bind(exporter);
  watched.export = (records, done) =>
    send(records, (result) => {
      for (const record of records) pending.delete(record);
      if (result.code !== 0) sayRefused(signal, result.error);
      done(result);
    });
}

let isRefusalSaid = false;
function sayRefused(signal: Signal, error: Error | undefined): void {
  if (isRefusalSaid) return;
  isRefusalSaid = true;
  const reason =
    (error as NodeJS.ErrnoException | undefined)?.code ?? error?.message ?? 'no reason';
  process.stderr.write(
    `fermata: ${addressOf(signal)} took nothing (${reason.slice(0, 200)}); said once. → npx fermata-doctor\n`,
  );
}

import { readFileSync } from 'node:fs';
import { wrong, type Diagnosis, type Environment } from './diagnosis.ts';

export const PROTOCOLS = ['http/protobuf', 'http/json', 'grpc'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/**
 * Address and protocol to which the service's exporter sends spans, from the environment variables
 * of OpenTelemetry.
 */
export interface Endpoint {
  url: URL;
  protocol: Protocol;
  headers: Record<string, string>;
  tls: { ca?: Buffer; cert?: Buffer; key?: Buffer };
  /**
   * Name of the environment variable that contains the address; empty if none is set and the
   * address is the default.
   */
  variable: string;
}

/**
 * Reads the OTEL_EXPORTER_OTLP_* variables. `/v1/traces` is appended to
 * OTEL_EXPORTER_OTLP_ENDPOINT, but not to OTEL_EXPORTER_OTLP_TRACES_ENDPOINT. Returns a diagnosis
 * if a variable has an invalid value.
 */
export function endpointOf(env: Environment): Endpoint | Diagnosis {
  const of = (name: string): string | undefined =>
    env[`OTEL_EXPORTER_OTLP_TRACES_${name}`]?.trim() || env[`OTEL_EXPORTER_OTLP_${name}`]?.trim();
  const protocol = (of('PROTOCOL') ?? 'http/protobuf') as Protocol;
  if (!PROTOCOLS.includes(protocol))
    return wrong(
      'protocol',
      `OTEL_EXPORTER_OTLP_PROTOCOL=${protocol} is none that OpenTelemetry knows`,
      `one of ${PROTOCOLS.join(', ')}; Fermata takes all of them`,
    );
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT']?.trim();
  const base = env['OTEL_EXPORTER_OTLP_ENDPOINT']?.trim();
  const variable = own
    ? 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'
    : base
      ? 'OTEL_EXPORTER_OTLP_ENDPOINT'
      : '';
  const port = protocol === 'grpc' ? 4317 : 4318;
  const given = own || base || `http://localhost:${port}`;
  const scheme = of('INSECURE')?.toLowerCase() === 'true' ? 'http' : 'https';
  const text = protocol === 'grpc' && !given.includes('://') ? `${scheme}://${given}` : given;
  if (!/^https?:\/\/./.test(text) || !URL.canParse(text))
    return wrong(
      'exporter',
      `${variable}=${given} is not an address that begins with http:// or https://`,
      `OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:${port}`,
    );
  const url = new URL(text);
  if (protocol !== 'grpc' && !own) url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  try {
    return { url, protocol, headers: headersOf(env), tls: tlsOf(of), variable };
  } catch (error) {
    return wrong(
      'exporter',
      `a file of OTEL_EXPORTER_OTLP_* cannot be read: ${(error as Error).message}`,
      'check OTEL_EXPORTER_OTLP_CERTIFICATE, _CLIENT_CERTIFICATE and _CLIENT_KEY',
    );
  }
}

function headersOf(env: Environment): Record<string, string> {
  const text = [env['OTEL_EXPORTER_OTLP_HEADERS'], env['OTEL_EXPORTER_OTLP_TRACES_HEADERS']];
  const pairs = text
    .flatMap((one) => (one ?? '').split(','))
    .map((pair) => /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(pair))
    .filter((match) => match !== null);
  return Object.fromEntries(pairs.map(([, name, value]) => [name!.toLowerCase(), decoded(value!)]));
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function tlsOf(of: (name: string) => string | undefined): Endpoint['tls'] {
  const [ca, cert, key] = ['CERTIFICATE', 'CLIENT_CERTIFICATE', 'CLIENT_KEY'].map((name) => {
    const path = of(name);
    return path === undefined ? undefined : readFileSync(path);
  });
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

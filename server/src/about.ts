import type { Config } from './config/index.ts';
import type { About } from './contract/index.ts';

export const VERSION = '0.1.0';

/**
 * Where this server is reached, as far as it knows by itself. Ports are those of the settings until
 * it listens.
 */
export interface Addresses {
  readonly host: string;
  web: number;
  otlpHttp: number;
  otlpGrpc: number;
}

export const addressesOf = (config: Config): Addresses => ({
  host: config.host === '0.0.0.0' || config.host === '::' ? 'localhost' : config.host,
  web: config.port,
  otlpHttp: config.otlpHttpPort,
  otlpGrpc: config.otlpGrpcPort,
});

/**
 * What a Node service needs in its environment to send here: shown at start, by the API and on the
 * page.
 */
export const senderEnvironment = ({ host, otlpHttp }: Addresses): readonly string[] => [
  `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:${otlpHttp}`,
  'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
  'OTEL_PROPAGATORS=tracecontext,baggage',
];

export function aboutOf(
  config: Config,
  addresses: Addresses,
  store: About['store'],
  startedAt: string,
): About {
  const { host, otlpHttp, otlpGrpc } = addresses;
  return {
    version: VERSION,
    startedAt,
    store,
    otlpHttp: `http://${host}:${otlpHttp}`,
    otlpGrpc: `http://${host}:${otlpGrpc}`,
    retention: `${config.retentionDays}d`,
    environment: [
      ...senderEnvironment(addresses),
      'NODE_OPTIONS=--import @fermata/instrumentation/register',
    ],
  };
}

/** Address of a page of the dashboard, for people elsewhere. */
export const linkTo = (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  { host, web }: Addresses,
  page: string,
): string => `${publicUrl || `http://${host}:${web}`}/${page}`;

import { durationText } from './base/duration.ts';
import { SETTINGS, type Config } from './config/index.ts';
import type { About } from './contract/index.ts';

export const VERSION = '0.1.0';

/**
 * Host and ports of this server, as far as it knows them. Before the server listens, the ports are
 * those from the settings. Afterwards they are the ports in use.
 */
export interface Addresses {
  readonly host: string;
  web: number;
  otlpHttp: number;
  otlpGrpc: number;
}

const ANY = ['0.0.0.0', '::'];
/** Returns the host for use in a URL, where an IPv6 address needs brackets. */
const hostOf = (host: string): string =>
  ANY.includes(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host;

export const addressesOf = (config: Config): Addresses => ({
  host: hostOf(config.host),
  web: config.port,
  otlpHttp: config.otlpHttpPort,
  otlpGrpc: config.otlpGrpcPort,
});

/**
 * Returns the environment variables that make a Node service send to this server. They are shown at
 * the start, in the API and on a page of the dashboard.
 */
export const senderEnvironment = ({ host, otlpHttp }: Addresses): readonly string[] => [
  `OTEL_EXPORTER_OTLP_ENDPOINT=http://${host}:${otlpHttp}`,
  'OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf',
  'OTEL_PROPAGATORS=tracecontext,baggage',
];

const time = (ms: number): string => (ms === 0 ? 'off' : durationText(ms));
const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
const list = (items: readonly string[]): string => items.join(', ') || 'none';
/** Settings that the dashboard shows. Addresses and secrets are omitted. */
const SHOWN: readonly (readonly [keyof Config, (config: Config) => string])[] = [
  ['retentionDays', ({ retentionDays }) => `${retentionDays} days`],
  [
    'memoryLimitBytes',
    ({ memoryLimitBytes }) =>
      memoryLimitBytes === 0 ? '80 % of the machine' : mebibytes(memoryLimitBytes),
  ],
  ['minFreeBytes', ({ minFreeBytes }) => (minFreeBytes === 0 ? 'off' : mebibytes(minFreeBytes))],
  ['idleBeforeEvictionMs', (config) => time(config.idleBeforeEvictionMs)],
  ['settleMs', ({ settleMs }) => time(settleMs)],
  ['stuckFloorMs', ({ stuckFloorMs }) => time(stuckFloorMs)],
  ['expect', (config) => config.expect],
  ['requestFlows', ({ requestFlows }) => requestFlows],
  ['identityKeys', ({ identityKeys }) => list(identityKeys)],
  ['keyAttributes', ({ keyAttributes }) => list(keyAttributes)],
  ['valueKey', ({ valueKey }) => valueKey || 'none'],
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
    demo: config.demo,
    environment: [
      ...senderEnvironment(addresses),
      'NODE_OPTIONS=--import @fermata/instrumentation/register',
    ],
    memoryBytes: process.memoryUsage.rss(),
    settings: SHOWN.map(([field, say]) => ({
      ...{ name: SETTINGS[field].name, help: SETTINGS[field].help, value: say(config) },
    })),
  };
}

/** Returns the URL of a page of the dashboard, for messages to people on other machines. */
export const linkTo = (
  { publicUrl }: Pick<Config, 'publicUrl'>,
  { host, web }: Addresses,
  page: string,
): string => `${publicUrl || `http://${host}:${web}`}/${page}`;

import type { AlertSettings } from '../alert/index.ts';
import type { Definition } from '../model/definition.ts';
import type { KeptLogs } from '../model/log-record.ts';
import type { RequestFlows } from '../model/request-flows.ts';
import {
  text,
  list,
  port,
  flag,
  duration,
  days,
  atLeastADay,
  alertsFile,
  definitionFiles,
  bytes,
  bytesOrOff,
  oneOf,
  url,
  type Reader,
} from './readers.ts';

/**
 * The operator's settings. A value is taken from the environment, or else from fermata.yaml, which
 * uses the same names, or else from the default.
 */
export interface Config {
  host: string;
  port: number;
  otlpHttpPort: number;
  otlpGrpcPort: number;
  dataDir: string;
  retentionDays: number;
  identityKeys: string[];
  keyAttributes: string[];
  requestFlows: RequestFlows;
  logs: KeptLogs;
  settleMs: number;
  stuckFloorMs: number;
  expect: 'on' | 'off';
  idleBeforeEvictionMs: number;
  runQuietMs: number;
  memoryLimitBytes: number;
  minFreeBytes: number;
  clickhouseUrl: string;
  clickhouseCluster: string;
  demo: boolean;
  allowAnonymous: boolean;
  allowedHosts: string[];
  logLevel: string;
  /** Settings from the file that FERMATA_ALERTS names. */
  alerts: AlertSettings;
  alertAllow: string[];
  /** Definitions from the file or folder that FERMATA_DEFINITIONS names. */
  definitions: Definition[];
  valueKey: string;
  publicUrl: string;
}

export interface Setting<T> {
  name: string;
  default: string;
  read: Reader<T>;
  help: string;
  secret?: boolean;
}

/**
 * All settings, with their names, defaults and meanings. A test checks that the table in
 * docs/operations.md lists the same settings.
 */
export const SETTINGS: { [K in keyof Config]: Setting<Config[K]> } = {
  host: { name: 'FERMATA_HOST', default: '127.0.0.1', read: text, help: 'address to listen on' },
  port: { name: 'FERMATA_PORT', default: '4320', read: port, help: 'dashboard and API' },
  otlpHttpPort: {
    name: 'FERMATA_OTLP_HTTP_PORT',
    default: '4318',
    read: port,
    help: 'OTLP over HTTP',
  },
  otlpGrpcPort: {
    name: 'FERMATA_OTLP_GRPC_PORT',
    default: '4317',
    read: port,
    help: 'OTLP over gRPC',
  },
  dataDir: {
    name: 'FERMATA_DATA_DIR',
    default: './data',
    read: text,
    help: 'where the embedded store lives',
  },
  retentionDays: {
    name: 'FERMATA_RETENTION',
    default: '14d',
    read: days,
    help: 'how long spans and ended flows are kept',
  },
  identityKeys: {
    name: 'FERMATA_IDENTITY_KEYS',
    default: '',
    read: list,
    help: 'attributes whose equal value joins spans into one flow, comma-separated',
  },
  keyAttributes: {
    name: 'FERMATA_KEY_ATTRIBUTES',
    default: '',
    read: list,
    help: 'attributes that flows are found by (they never join), comma-separated',
  },
  requestFlows: {
    name: 'FERMATA_REQUEST_FLOWS',
    default: 'served',
    read: oneOf('keep', 'served', 'failed', 'drop'),
    help: 'traces without messages and flow id: keep them, only those that answered a request, only failed ones, or none',
  },
  logs: {
    name: 'FERMATA_LOGS',
    default: 'errors',
    read: oneOf('off', 'errors', 'all'),
    help: 'log records that are kept beside the spans of their trace: none, errors, or all',
  },
  settleMs: {
    name: 'FERMATA_SETTLE',
    default: '30s',
    read: duration,
    help: 'quiet time after which a flow without a declared end counts as ended',
  },
  stuckFloorMs: {
    name: 'FERMATA_STUCK_FLOOR',
    default: '15s',
    read: duration,
    help: 'nothing is called late or stuck sooner than this',
  },
  expect: {
    name: 'FERMATA_EXPECT',
    default: 'on',
    read: oneOf('on', 'off'),
    help: 'off: nothing is learned, awaited or judged; flows are only shown',
  },
  idleBeforeEvictionMs: {
    name: 'FERMATA_UNLOAD',
    default: '60s',
    read: duration,
    help: 'quiet time after which a flow leaves memory (late spans bring it back)',
  },
  runQuietMs: {
    name: 'FERMATA_RUN_QUIET',
    default: 'off',
    read: atLeastADay,
    help: 'quiet time of a flow, 24h or more, after which its id begins a new run; off: only a declared start does',
  },
  memoryLimitBytes: {
    name: 'FERMATA_MEMORY_LIMIT',
    default: '',
    read: bytes,
    help: 'memory of the process at which the embedded engine refuses; default 80 % of the machine',
  },
  alerts: {
    name: 'FERMATA_ALERTS',
    default: '',
    read: alertsFile,
    help: 'YAML file with channels, routes and rules: who is told of which incidents',
  },
  definitions: {
    name: 'FERMATA_DEFINITIONS',
    default: '',
    read: definitionFiles,
    help: 'YAML file, or folder of them, that says what flow types consist of',
  },
  valueKey: {
    name: 'FERMATA_VALUE_KEY',
    default: '',
    read: text,
    help: 'business or search key whose number is what a flow is worth, summed up by incidents',
  },
  alertAllow: {
    name: 'FERMATA_ALERT_ALLOW',
    default: '',
    read: list,
    help: 'hosts or addresses that notifications may go to although they are private, comma-separated',
  },
  publicUrl: {
    name: 'FERMATA_PUBLIC_URL',
    default: '',
    read: url,
    help: 'address of the dashboard as people reach it, for links in notifications',
  },
  minFreeBytes: {
    name: 'FERMATA_MIN_FREE',
    default: '256MiB',
    read: bytesOrOff,
    help: 'free space of the data directory’s disk below which nothing is taken, senders keep it; off: to the last byte',
  },
  clickhouseUrl: {
    name: 'CLICKHOUSE_URL',
    default: '',
    read: url,
    help: 'a ClickHouse server instead of the embedded store',
    secret: true,
  },
  clickhouseCluster: {
    name: 'FERMATA_CLICKHOUSE_CLUSTER',
    default: '',
    read: text,
    help: 'cluster name for ON CLUSTER and replicated tables',
  },
  demo: {
    name: 'FERMATA_DEMO',
    default: '0',
    read: flag,
    help: 'the dashboard shows a tour of the demo',
  },
  allowAnonymous: {
    name: 'FERMATA_ALLOW_ANONYMOUS',
    default: '0',
    read: flag,
    help: 'listen on an address other than loopback without authentication',
  },
  allowedHosts: {
    name: 'FERMATA_ALLOWED_HOSTS',
    default: '',
    read: list,
    help: 'further Host names under which the dashboard may be opened, comma-separated',
  },
  logLevel: {
    name: 'FERMATA_LOG_LEVEL',
    default: 'info',
    read: oneOf('debug', 'info', 'warn', 'error', 'silent'),
    help: 'debug, info, warn, error or silent',
  },
};

/**
 * Environment variables that only the launcher, the demo and the tests read. The server must not
 * report them as unknown.
 */
export const OTHER_NAMES = [
  'FERMATA_CONFIG',
  'FERMATA_DEMO_BROKER',
  'FERMATA_DEMO_RATE',
  'FERMATA_REQUIRE_BROKERS',
  'FERMATA_REQUIRE_BROWSER',
  'FERMATA_SERVICE_NAME',
];

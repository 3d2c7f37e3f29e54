import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { NO_ALERTS, readAlertSettings, type AlertSettings } from '../alert/index.ts';
import { DAY_MS, durationMs } from '../base/duration.ts';
import { FermataError, messageOf } from '../base/errors.ts';
import { readDefinitions } from '../expect/index.ts';
import type { Definition } from '../model/definition.ts';
import { parseQuery } from '../query/index.ts';

/** Set by operators: environment first, then the same names in fermata.yaml, then the default. */
export interface Config {
  host: string;
  port: number;
  otlpHttpPort: number;
  otlpGrpcPort: number;
  dataDir: string;
  retentionDays: number;
  identityKeys: string[];
  keyAttributes: string[];
  requestFlows: 'keep' | 'failed' | 'drop';
  settleMs: number;
  stuckFloorMs: number;
  expect: 'on' | 'off';
  idleBeforeEvictionMs: number;
  runQuietMs: number;
  memoryLimitBytes: number;
  minFreeBytes: number;
  clickhouseUrl: string;
  clickhouseCluster: string;
  allowAnonymous: boolean;
  allowedHosts: string[];
  logLevel: string;
  /** From the file that FERMATA_ALERTS names. */
  alerts: AlertSettings;
  alertAllow: string[];
  /** From the file or folder that FERMATA_DEFINITIONS names. */
  definitions: Definition[];
  valueKey: string;
  publicUrl: string;
}

type Reader<T> = (text: string) => T;

interface Setting<T> {
  name: string;
  default: string;
  read: Reader<T>;
  help: string;
  secret?: boolean;
}

const text: Reader<string> = (value) => value;
const list: Reader<string[]> = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
const port: Reader<number> = (value) => {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > 65_535) throw new Error('is not a port (0 to 65535)');
  return number;
};
const flag: Reader<boolean> = (value) => {
  if (!/^(0|1|true|false)$/.test(value)) throw new Error('is not 1 or 0');
  return value === '1' || value === 'true';
};
const duration: Reader<number> = (value) => {
  const ms = durationMs(value);
  if (ms === null) throw new Error('is not a duration like 30s, 15m or 14d');
  return ms;
};
const days: Reader<number> = (value) => {
  const ms = duration(value);
  if (ms < DAY_MS) throw new Error('is less than a day');
  return Math.ceil(ms / DAY_MS);
};
const atLeastADay: Reader<number> = (value) => {
  if (value === 'off') return 0;
  const ms = duration(value);
  if (ms < DAY_MS) throw new Error('is less than 24h; an order may rest over night');
  return Math.round(ms);
};
const alertsFile: Reader<AlertSettings> = (path) => {
  if (path === '') return NO_ALERTS;
  const { settings, problems } = readAlertSettings(readFileSync(path, 'utf8'), process.env, (query) =>
    parseQuery(query, 0),
  );
  if (problems.length > 0) throw new Error(`is wrong: ${problems.join('; ')}`);
  return settings;
};
const definitionFiles: Reader<Definition[]> = (path) => {
  if (path === '') return [];
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((file) => /\.ya?ml$/.test(file))
        .sort()
        .map((file) => join(path, file))
    : [path];
  const read = files.map((file) => ({ file, ...readDefinitions(readFileSync(file, 'utf8')) }));
  const problems = read.flatMap(({ file, problems: found }) => found.map((problem) => `${file} ${problem}`));
  if (problems.length > 0) throw new Error(`is wrong: ${problems.join('; ')}`);
  return read.flatMap(({ definitions }) => definitions);
};
const bytes: Reader<number> = (value) => {
  if (value === '') return 0;
  const match = /^(\d+(?:\.\d+)?)\s*(MiB|GiB|MB|GB)$/i.exec(value);
  if (!match) throw new Error('is not a size like 512MiB or 4GiB');
  return Number(match[1]) * (/^g/i.test(match[2]!) ? 2 ** 30 : 2 ** 20);
};
const bytesOrOff: Reader<number> = (value) => (value === 'off' ? 0 : bytes(value));
const oneOf =
  <T extends string>(...values: T[]): Reader<T> =>
  (value) => {
    if (!values.includes(value as T)) throw new Error(`is not one of ${values.join(', ')}`);
    return value as T;
  };
const url: Reader<string> = (value) => {
  if (value !== '' && !/^https?:\/\//.test(value)) throw new Error('is not an http(s) URL');
  return value;
};

/** Every setting: name, default, meaning. The table of docs/operations.md is checked against it. */
export const SETTINGS: { [K in keyof Config]: Setting<Config[K]> } = {
  host: { name: 'FERMATA_HOST', default: '127.0.0.1', read: text, help: 'address to listen on' },
  port: { name: 'FERMATA_PORT', default: '4320', read: port, help: 'dashboard and API' },
  otlpHttpPort: { name: 'FERMATA_OTLP_HTTP_PORT', default: '4318', read: port, help: 'OTLP over HTTP' },
  otlpGrpcPort: { name: 'FERMATA_OTLP_GRPC_PORT', default: '4317', read: port, help: 'OTLP over gRPC' },
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
    default: 'keep',
    read: oneOf('keep', 'failed', 'drop'),
    help: 'traces without messages and flow id: keep them, only failed ones, or none',
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

/** Read by the launcher and the demo, not by the server. */
const OTHER_NAMES = [
  'FERMATA_CONFIG',
  'FERMATA_DEMO_BROKER',
  'FERMATA_DEMO_RATE',
  'FERMATA_REQUIRE_BROKERS',
  'FERMATA_REQUIRE_BROWSER',
  'FERMATA_SERVICE_NAME',
];
const LOOPBACK = /^(127\.\d+\.\d+\.\d+|::1|localhost)$/;

export interface ReadConfig {
  config: Config;
  /** Unknown names, with the nearest known one; not fatal in the environment. */
  warnings: string[];
}

/** Pure: everything wrong is reported at once. Throws `config.invalid`. */
export function readConfig(env: Record<string, string | undefined>): ReadConfig {
  const problems: string[] = [];
  const warnings: string[] = [];
  const file = readFile(env['FERMATA_CONFIG'], problems);
  const known = Object.values(SETTINGS).map((setting) => setting.name);
  const unknown = (name: string, where: string): string =>
    `${where}: ${name} is not a setting${nearest(name, known)}`;
  for (const name of Object.keys(file))
    if (!known.includes(name)) problems.push(unknown(name, 'fermata.yaml'));
  for (const name of Object.keys(env))
    if (name.startsWith('FERMATA_') && !known.includes(name) && !OTHER_NAMES.includes(name))
      warnings.push(unknown(name, 'environment'));

  const config = Object.fromEntries(
    Object.entries(SETTINGS).map(([field, setting]) => {
      const value = env[setting.name] ?? file[setting.name] ?? setting.default;
      try {
        return [field, setting.read(value)];
      } catch (error) {
        problems.push(`${setting.name}=${setting.secret ? '…' : value} ${messageOf(error)}`);
        return [field, undefined];
      }
    }),
  ) as unknown as Config;
  if (problems.length === 0 && !LOOPBACK.test(config.host) && !config.allowAnonymous)
    problems.push(
      `FERMATA_HOST=${config.host} is reachable from other machines and there is no authentication yet; set FERMATA_ALLOW_ANONYMOUS=1 if the network is trusted`,
    );
  if (problems.length > 0)
    throw new FermataError('config.invalid', problems.join('\n'), { hint: 'See "Settings" in docs/operations.md.' });
  return { config, warnings };
}

export function printConfig(config: Config): string {
  return Object.entries(SETTINGS)
    .map(([field, setting]) => {
      const value = config[field as keyof Config];
      const shown =
        setting.secret && value !== ''
          ? '***'
          : Array.isArray(value)
            ? value.map((one) => (typeof one === 'string' ? one : one.type)).join(',')
            : typeof value === 'object'
              ? value.channels.map((channel) => channel.name).join(',')
              : String(value);
      return `${setting.name}=${shown}`;
    })
    .join('\n');
}

function readFile(path: string | undefined, problems: string[]): Record<string, string> {
  let content: string;
  try {
    content = readFileSync(path ?? 'fermata.yaml', 'utf8');
  } catch (error) {
    if (path !== undefined) problems.push(`FERMATA_CONFIG=${path} cannot be read: ${messageOf(error)}`);
    return {};
  }
  try {
    const values = (parse(content) ?? {}) as Record<string, unknown>;
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : String(value),
      ]),
    );
  } catch (error) {
    problems.push(`${path ?? 'fermata.yaml'} is not YAML: ${messageOf(error)}`);
    return {};
  }
}

function nearest(name: string, known: string[]): string {
  const best = known
    .map((candidate) => ({ candidate, distance: distance(name, candidate) }))
    .sort((a, b) => a.distance - b.distance)[0]!;
  return best.distance <= 5 ? `; did you mean ${best.candidate}?` : '';
}

/** Levenshtein. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

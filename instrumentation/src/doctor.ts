#!/usr/bin/env node
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join } from 'node:path';

/**
 * The program `npx fermata-doctor`, which explains why no spans arrive. Run it in the folder of a
 * service and with the environment of the service. Each check returns what it found and, where
 * something is wrong, what to do. The exit code is 1 if anything is wrong.
 */
export interface Diagnosis {
  check: string;
  ok: boolean;
  found: string;
  todo?: string;
}

type Environment = Record<string, string | undefined>;

export async function diagnose(folder: string, env: Environment): Promise<Diagnosis[]> {
  return [
    sdkInstalled(folder),
    oneApi(folder),
    registered(folder, env),
    ...(await exporterReachable(env)),
    sampling(env),
    propagators(env),
    baggageLimits(env),
    enabled(env),
  ];
}

function sdkInstalled(folder: string): Diagnosis {
  const version = versionOf(folder, '@opentelemetry/sdk-node');
  return version === null
    ? {
        check: 'OpenTelemetry SDK',
        ok: false,
        found: '@opentelemetry/sdk-node is not installed here',
        todo: 'npm install @opentelemetry/sdk-node',
      }
    : { check: 'OpenTelemetry SDK', ok: true, found: `sdk-node ${version}` };
}

/**
 * Checks that there is only one copy of the API. Two copies do not know of each other, and a copy
 * of a newer minor version than the registered one does nothing at all.
 */
function oneApi(folder: string): Diagnosis {
  const copies = new Map<string, string>();
  const visit = (modules: string, depth: number): void => {
    if (depth > 4 || !existsSync(modules)) return;
    const api = join(modules, '@opentelemetry', 'api', 'package.json');
    if (existsSync(api)) {
      const { version } = JSON.parse(readFileSync(api, 'utf8')) as { version: string };
      copies.set(realpathSync(api), version);
    }
    for (const name of readdirSync(modules)) {
      if (name.startsWith('.')) continue;
      const packages = name.startsWith('@')
        ? readdirSync(join(modules, name)).map((inner) => join(name, inner))
        : [name];
      for (const one of packages) visit(join(modules, one, 'node_modules'), depth + 1);
    }
  };
  visit(join(folder, 'node_modules'), 0);
  const found = [...copies].map(
    ([path, version]) =>
      `${version} (${path.replace(`${folder}/`, '').replace('/package.json', '')})`,
  );
  if (copies.size === 0)
    return {
      check: '@opentelemetry/api',
      ok: false,
      found: 'not installed here',
      todo: 'npm install @opentelemetry/api@^1.9',
    };
  return copies.size === 1
    ? { check: '@opentelemetry/api', ok: true, found: found[0]! }
    : {
        check: '@opentelemetry/api',
        ok: false,
        found: `${copies.size} copies: ${found.join(', ')}`,
        todo: 'Keep one: npm dedupe, or "overrides": { "@opentelemetry/api": "…" } in package.json. What uses the other copy is silent.',
      };
}

function registered(folder: string, env: Environment): Diagnosis {
  const inOptions = /--(import|require)[ =]\S*(fermata|instrumentation)/.test(
    env['NODE_OPTIONS'] ?? '',
  );
  const path = join(folder, 'package.json');
  const scripts = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const inScripts = /@fermata\/instrumentation\/register/.test(scripts);
  const where = inOptions ? 'NODE_OPTIONS' : inScripts ? 'package.json' : '';
  return where !== ''
    ? { check: 'register', ok: true, found: `loaded by ${where}` }
    : {
        check: 'register',
        ok: false,
        found: 'nothing loads @fermata/instrumentation/register before the app',
        todo: 'NODE_OPTIONS="--import @fermata/instrumentation/register", unless the service starts an SDK itself',
      };
}

async function exporterReachable(env: Environment): Promise<Diagnosis[]> {
  const endpoint = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'];
  const address = endpoint ?? 'http://localhost:4318';
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return [
      {
        check: 'exporter',
        ok: false,
        found: `"${address}" is not a URL`,
        todo: 'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318',
      },
    ];
  }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
  const found = endpoint === undefined ? `${address} (the default)` : address;
  const protocol = env['OTEL_EXPORTER_OTLP_PROTOCOL'] ?? 'http/protobuf';
  const answers = await new Promise<boolean>((resolve) => {
    const socket = connect({ host: url.hostname.replace(/^\[|\]$/g, ''), port });
    const done = (ok: boolean): void => {
      socket.destroy();
      resolve(ok);
    };
    socket.once('connect', () => done(true)).once('error', () => done(false));
    socket.setTimeout(3000, () => done(false));
  });
  const mixed = (protocol === 'grpc' && port === 4318) || (protocol !== 'grpc' && port === 4317);
  return [
    answers
      ? { check: 'exporter', ok: true, found: `${found} answers` }
      : {
          check: 'exporter',
          ok: false,
          found: `nothing answers at ${found}`,
          todo: 'Start Fermata, or set OTEL_EXPORTER_OTLP_ENDPOINT to where it listens (it prints the address at its start).',
        },
    mixed
      ? {
          check: 'protocol',
          ok: false,
          found: `${protocol} to port ${port}`,
          todo: '4318 speaks http/protobuf, 4317 speaks grpc',
        }
      : { check: 'protocol', ok: true, found: protocol },
  ];
}

function sampling(env: Environment): Diagnosis {
  const sampler = env['OTEL_TRACES_SAMPLER'] ?? 'parentbased_always_on';
  const ratio = Number(env['OTEL_TRACES_SAMPLER_ARG'] ?? 1);
  const drops = sampler.endsWith('always_off') || (sampler.includes('traceidratio') && ratio < 1);
  return drops
    ? {
        check: 'sampling',
        ok: false,
        found: `${sampler}${sampler.includes('ratio') ? ` ${ratio}` : ''}`,
        todo: 'A flow spans many traces: sampled one by one, hardly any is whole. Use always_on, or sample by flow id.',
      }
    : { check: 'sampling', ok: true, found: sampler };
}

function propagators(env: Environment): Diagnosis {
  const value = env['OTEL_PROPAGATORS'] ?? 'tracecontext,baggage';
  const list = value.split(',').map((name) => name.trim());
  const missing = ['tracecontext', 'baggage'].filter((name) => !list.includes(name));
  return missing.length === 0
    ? { check: 'propagators', ok: true, found: value }
    : {
        check: 'propagators',
        ok: false,
        found: value,
        todo: `OTEL_PROPAGATORS=tracecontext,baggage: without ${missing.join(' and ')} services without this package lose the flow`,
      };
}

function baggageLimits(env: Environment): Diagnosis {
  const limit = env['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT'] ?? env['OTEL_ATTRIBUTE_COUNT_LIMIT'];
  const length =
    env['OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'] ?? env['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT'];
  const links = env['OTEL_SPAN_LINK_COUNT_LIMIT'];
  const tight = [
    ...(limit !== undefined && Number(limit) < 32 ? [`${limit} attributes a span`] : []),
    ...(length !== undefined && Number(length) < 64 ? [`${length} characters an attribute`] : []),
    ...(links !== undefined && Number(links) < 128 ? [`${links} links a span`] : []),
  ];
  return tight.length === 0
    ? { check: 'limits', ok: true, found: 'as OpenTelemetry has them' }
    : {
        check: 'limits',
        ok: false,
        found: tight.join(', '),
        todo: 'Flow ids, message ids or links may be cut off. Raise OTEL_*_LIMIT.',
      };
}

function enabled(env: Environment): Diagnosis {
  const off = [
    ...(env['OTEL_SDK_DISABLED'] === 'true' ? ['OTEL_SDK_DISABLED=true'] : []),
    ...(env['OTEL_TRACES_EXPORTER'] === 'none' ? ['OTEL_TRACES_EXPORTER=none'] : []),
    ...(env['OTEL_LOGS_EXPORTER'] === 'none'
      ? ['OTEL_LOGS_EXPORTER=none (no sign of life from steps that hang)']
      : []),
  ];
  return off.length === 0
    ? { check: 'switched on', ok: true, found: 'traces and logs' }
    : { check: 'switched on', ok: false, found: off.join(', '), todo: 'Unset it.' };
}

function versionOf(folder: string, name: string): string | null {
  try {
    const require = createRequire(join(folder, 'package.json'));
    const path = require.resolve
      .paths(name)
      ?.find((modules) => existsSync(join(modules, name, 'package.json')));
    if (path === undefined) return null;
    return (
      JSON.parse(readFileSync(join(path, name, 'package.json'), 'utf8')) as { version: string }
    ).version;
  } catch {
    return null;
  }
}

/** Prints what was found; the exit code is 1 if anything is wrong. */
async function run(): Promise<void> {
  const found = await diagnose(process.cwd(), process.env);
  for (const { check, ok, found: what, todo } of found)
    process.stdout.write(
      `${ok ? 'ok   ' : 'WRONG'} ${check}: ${what}${todo === undefined ? '' : `\n      → ${todo}`}\n`,
    );
  process.exitCode = found.every(({ ok }) => ok) ? 0 : 1;
}

// Tests import this file, so the checks run only where it is the program.
if (require.main === module) void run();

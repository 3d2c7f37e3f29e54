import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Flow, FlowList } from '@fermata/server/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freshDirectory } from '../support/server-process.ts';

/**
 * These tests use the two npm packages as a new user would: packed, installed into an empty folder,
 * and run.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const directory = freshDirectory();
const folder = (name: string): string => {
  const path = join(directory.path, name);
  mkdirSync(path, { recursive: true });
  return path;
};
const packed = folder('packed');
const instrumentation = join(packed, 'fermata-instrumentation-0.1.0.tgz');
const children: ChildProcess[] = [];

/** Runs a program and returns its standard output. If it fails, the error contains its output. */
async function run(
  program: string,
  args: readonly string[],
  cwd = root,
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, {
    ...{ cwd, env: { ...process.env, ...env } },
  }).catch((error: Error & { stdout: string; stderr: string }) =>
    Promise.reject(new Error(`${error.message}\n${error.stdout}\n${error.stderr}`)),
  );
  return stdout;
}
const runNode = (args: readonly string[], cwd?: string): Promise<string> =>
  run(process.execPath, args, cwd);
const bin = (path: string): string => join(root, 'node_modules', path);

beforeAll(() => runNode([join(root, 'scripts/pack.js'), packed]), 120_000);
afterAll(async () => {
  // The services were started last and are stopped first, because the server waits for connected
  // senders.
  for (const child of children.reverse()) {
    if (child.exitCode !== null) continue;
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    await exited;
  }
  directory.remove();
});

const ADAPTERS = readdirSync(join(root, 'instrumentation/src/adapters'))
  .filter((name) => /^(?!index)[\w-]+\.ts$/.test(name))
  .map((name) => `adapters/${name.replace('.ts', '')}`);

test('the types of the instrumentation are found wherever its code is', async () => {
  expect(ADAPTERS.length).toBeGreaterThan(8);
  const entries = ['.', 'semconv', 'register', ...ADAPTERS];
  const attw = bin('@arethetypeswrong/cli/dist/index.js');
  const said = await runNode([attw, instrumentation, '--entrypoints', ...entries]);
  expect(said).toContain('No problems found');
  expect(said.match(/🟢/g)).toHaveLength(4 * entries.length);
  const publint = await runNode([bin('publint/src/cli.js'), instrumentation]);
  expect(publint).toContain('All good!');
}, 60_000);

test('CommonJS TypeScript compiles with every way to resolve modules', async () => {
  const service = folder('typescript');
  const modules = folder('typescript/node_modules/@fermata/instrumentation');
  await run('tar', ['xzf', instrumentation, '--strip-components=1', '-C', modules]);
  symlinkSync(bin('@opentelemetry'), join(service, 'node_modules/@opentelemetry'));
  writeFileSync(
    join(service, 'main.ts'),
    `import { startFlow, FlowSpanProcessor, type Flow } from '@fermata/instrumentation';
    import { traceChannel } from '@fermata/instrumentation/adapters/amqplib';
    import { ATTR_FLOW_ID } from '@fermata/instrumentation/semconv';
    import '@fermata/instrumentation/register';
    const flow: Flow = { id: ATTR_FLOW_ID };
    export const all = [startFlow(flow, () => 1).toFixed(), new FlowSpanProcessor(), traceChannel];
    // @ts-expect-error -- without types, anything would do
    startFlow(1, () => 2);`,
  );
  const compile = (module: string, moduleResolution: string): Promise<string> =>
    runNode(
      [
        bin('typescript/bin/tsc'),
        ...['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022', '--skipLibCheck'],
        ...['--module', module, '--moduleResolution', moduleResolution],
        ...['--ignoreDeprecations', '6.0', 'main.ts'],
      ],
      service,
    );
  for (const [module, resolution] of [
    ['commonjs', 'node10'],
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ] as const)
    expect(await compile(module, resolution), resolution).toBe('');
}, 60_000);

/** Starts a program, and resolves with the first match of `pattern` in its output. */
async function started(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
  pattern: RegExp,
): Promise<RegExpExecArray> {
  const child = spawn(program, args, {
    cwd: folder('service'),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  children.push(child);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  return eventually(() => {
    const match = pattern.exec(said);
    expect(child.exitCode, said).toBe(null);
    if (match === null) throw new Error(`not yet said: ${said}`);
    return match;
  }, 60_000);
}

test('installed into an empty folder, the demo and services of both kinds show', async () => {
  const service = folder('service');
  writeFileSync(join(service, 'package.json'), '{}');
  const tarballs = readdirSync(packed).map((name) => join(packed, name));
  expect(tarballs).toHaveLength(2);
  const options = [
    '--omit=optional',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--prefer-offline',
  ];
  await run('npm', ['install', ...options, ...tarballs], service);
  // The embedded database is half a gigabyte, so the repository's copy is linked instead of
  // installed.
  symlinkSync(bin('chdb'), join(service, 'node_modules/chdb'));

  const fermata = join(service, 'node_modules/.bin/fermata');
  expect(await run(fermata, ['--help'], service)).toContain('FERMATA_DATA_DIR');
  await expect(run(fermata, ['--dem'], service)).rejects.toThrow("Unknown option '--dem'");
  const ports = ['FERMATA_PORT', 'FERMATA_OTLP_HTTP_PORT', 'FERMATA_OTLP_GRPC_PORT'];
  const free = Object.fromEntries(ports.map((name) => [name, '0']));
  const [, web, otlp, grpc] = await started(
    fermata,
    ['--demo'],
    { ...free, FERMATA_DATA_DIR: folder('data') },
    /dashboard +(\S+)\n +OTLP\/HTTP +(\S+)\n +OTLP\/gRPC +(\S+)/,
  );
  const get = async <T>(path: string): Promise<T> => {
    const response = await fetch(`${web}/api/v1${path}`);
    expect(response.status, path).toBe(200);
    return (await response.json()) as T;
  };
  expect(await (await fetch(web!)).text()).toContain('<script type="module"');

  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: otlp!, OTEL_METRICS_EXPORTER: 'none' };
  const doctor = join(service, 'node_modules/.bin/fermata-doctor');
  for (const [protocol, address] of [
    ['http/protobuf', otlp],
    ['grpc', grpc],
  ])
    expect(
      await run(doctor, [], service, {
        OTEL_EXPORTER_OTLP_ENDPOINT: address!,
        OTEL_EXPORTER_OTLP_PROTOCOL: protocol!,
      }),
    ).toMatch(/takes (http|grpc).*\nok +a span of its own: sent and shown/);
  const use = (id: string): string => `
    startFlow({ id: '${id}', type: 'newcomer' }, () => step('begin', () => process.stdout.write(
      'shared:' + (other.currentFlow()?.id === '${id}') + '\\n')));
    setInterval(() => undefined, 1000);`;
  writeFileSync(
    join(service, 'service.mjs'),
    `import { createRequire } from 'node:module';
    import { startFlow, step } from '@fermata/instrumentation';
    const other = createRequire(import.meta.url)('@fermata/instrumentation');${use('imported')}`,
  );
  writeFileSync(
    join(service, 'service.cjs'),
    `const { startFlow, step } = require('@fermata/instrumentation');
    import('@fermata/instrumentation').then((other) => {${use('required')}});`,
  );
  const register = '@fermata/instrumentation/register';
  await started(process.execPath, ['--import', register, 'service.mjs'], env, /shared:true/);
  await started(process.execPath, ['--require', register, 'service.cjs'], env, /shared:true/);
  await eventually(async () => {
    for (const id of ['imported', 'required'])
      expect((await get<Flow>(`/flows/${id}`)).steps.map(({ name }) => name)).toEqual(['begin']);
    expect((await get<FlowList>('/flows?type=order')).total).toBeGreaterThan(0);
  }, 30_000);
}, 180_000);

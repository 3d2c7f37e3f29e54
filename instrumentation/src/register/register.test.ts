import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGE = '@fermata/instrumentation';
const children: ChildProcess[] = [];
const servers: (Server | TcpServer)[] = [];
const sockets: Socket[] = [];
const folders: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A service that is started as its operator would. */
function service(source: string, endpoint: string) {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@fermata/source',
      ...['--import', 'tsx', '--import', `${PACKAGE}/register`],
      ...['--input-type=module', '--eval', source],
    ],
    {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
      // Only what is flushed arrives.
      env: {
        ...process.env,
        OTEL_BSP_SCHEDULE_DELAY: '600000',
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        // The command line, which is a resource's, too, names all spans.
        OTEL_NODE_RESOURCE_DETECTORS: 'none',
      },
    },
  );
  children.push(child);
  const exited = once(child, 'exit') as Promise<[number | null, string | null]>;
  const said = { text: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.text += chunk.toString()));
  return { child, exited, said };
}

/** Takes whatever is exported; names are legible in it. */
async function receiver(): Promise<{ endpoint: string; received: () => string }> {
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(chunk));
    request.on('end', () => response.end());
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: () => Buffer.concat(bodies).toString('latin1'),
  };
}
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

test.each(SIGNALS)('a service that drains at %s is traced to its end', async (signal) => {
  const { endpoint, received } = await receiver();
  const { child, exited, said } = service(
    `import { step } from '${PACKAGE}';
    process.on('${signal}', () => undefined);
    step('before the signal', () => undefined);
    process.stdin.on('data', () => step('while it drains', () => undefined));
    process.stdin.on('end', () => step('at its end', () => undefined));
    process.stdout.write('ready');`,
    endpoint,
  );
  await eventually(() => expect(said.text).toBe('ready'));
  child.kill(signal);
  await eventually(() => expect(received()).toContain('before the signal'));
  child.stdin.write('go on');
  // Before it ends: it may do so by process.exit.
  await eventually(() => expect(received()).toContain('while it drains'));
  child.stdin.end();
  expect(await exited).toEqual([0, null]);
  expect(received()).toContain('at its end');
});

test.each(SIGNALS)('a service that does not handle %s is flushed, and ends by it', async (signal) => {
  const { endpoint, received } = await receiver();
  const { child, exited, said } = service(
    `import { step } from '${PACKAGE}';
    step('the last', () => undefined);
    process.on('exit', () => process.stdout.write(' and exited'));
    process.stdin.resume();
    process.stdout.write('ready');`,
    endpoint,
  );
  await eventually(() => expect(said.text).toBe('ready'));
  child.kill(signal);
  expect(await exited).toEqual([null, signal]);
  expect(received()).toContain('the last');
  expect(said.text).toBe('ready');
});

const hung = async (): Promise<string> => {
  // Takes what is sent, and never answers.
  const server = createTcpServer((socket) => void sockets.push(socket.resume().on('error', () => undefined)));
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
test.each([
  ['nobody who receives it', () => Promise.resolve('http://127.0.0.1:1')],
  ['a receiver that never answers', hung],
])('with %s a process soon ends, as it would without us', async (_, endpoint) => {
  const { exited, said } = service(
    `import { completeFlow, startFlow, step } from '${PACKAGE}';
    startFlow({ id: 'f' }, () => {
      step('unheard', () => undefined);
      completeFlow();
    });
    process.exitCode = 3;
    const done = performance.now();
    process.on('exit', () => process.stdout.write(String(performance.now() - done)));`,
    await endpoint(),
  );
  expect(await exited).toEqual([3, null]);
  expect(Number(said.text)).toBeGreaterThan(0);
  // Two seconds, on a machine that is busy; exporters try for ten.
  expect(Number(said.text)).toBeLessThan(5000);
});

test('what a job does in one turn arrives, all of it', async () => {
  const { endpoint, received } = await receiver();
  const { exited } = service(
    `import { completeFlow, startFlow, step } from '${PACKAGE}';
    for (let i = 0; i < 4000; i++) startFlow({ id: 'f' + i }, () => step('one', completeFlow));`,
    endpoint,
  );
  expect(await exited).toEqual([0, null]);
  const count = (name: RegExp): number => received().match(name)?.length ?? 0;
  expect(count(/fermata\.flow\.completed/g)).toBe(4000);
  // On its span, and on the milestone that says it has started.
  expect(count(/fermata\.step\.name/g)).toBe(8000);
});

test.each([
  ['@opentelemetry/sdk-node', ['@opentelemetry/api']],
  ['@opentelemetry/api', []],
])('without %s the host runs, and one line says what to install', async (missing, installed) => {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-register-'));
  folders.push(folder);
  const here = join(folder, 'node_modules', PACKAGE);
  cpSync(join(root, 'instrumentation/src'), join(here, 'src'), { recursive: true });
  cpSync(join(root, 'instrumentation/package.json'), join(here, 'package.json'));
  for (const name of installed)
    cpSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true });
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [
      ...['--conditions=@fermata/source', '--import', import.meta.resolve('tsx')],
      ...['--import', `${PACKAGE}/register`, '--eval', 'console.log("the host runs")'],
    ],
    { cwd: folder },
  );
  expect(stdout).toBe('the host runs\n');
  expect(stderr).toBe(
    `fermata: ${missing} is not installed; nothing will be traced. → npm install ${missing}\n`,
  );
});

test('where an SDK is registered already it is used, and one line says what it needs', async () => {
  const source = `
    import { NodeSDK } from '@opentelemetry/sdk-node';
    import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace';
    const exporter = new InMemorySpanExporter();
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    new NodeSDK({ spanProcessors, logRecordProcessors: [], metricReaders: [], autoDetectResources: false }).start();
    await import('${PACKAGE}/register');
    const { startFlow, step } = await import('${PACKAGE}');
    startFlow({ id: 'theirs' }, () => step('one', () => undefined));
    console.log(exporter.getFinishedSpans().map(({ attributes }) => attributes['fermata.flow.id']).join());`;
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@fermata/source', '--import', 'tsx', '--input-type=module', '--eval', source],
    { cwd: root },
  );
  expect(stdout).toBe('theirs\n');
  expect(stderr).toMatch(/^fermata: .* FlowSpanProcessor\n$/);
});

test('what is packed has no tests in it, and each module that is exported', async () => {
  const { stdout } = await promisify(execFile)(
    'npm',
    ['pack', '--dry-run', '--json', '--ignore-scripts', '--workspace', 'instrumentation'],
    { cwd: root },
  );
  const [{ files }] = JSON.parse(stdout) as [{ files: { path: string }[] }];
  const packed = files.map(({ path }) => path);
  expect(packed.filter((path) => /\.test\.|\/testing\//.test(path))).toEqual([]);
  expect(packed).toEqual(
    expect.arrayContaining(['src/index.ts', 'src/register/start.ts', 'src/adapters/amqplib.ts']),
  );
});

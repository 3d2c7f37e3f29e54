import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FlowList } from '@fermata/server/contract';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findBrokers } from '../support/brokers.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/frameworks.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * These tests execute the instructions in docs/frameworks.md for package managers, process managers
 * and compilers, with the package as a new user would install it.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const page = readFileSync(join(root, 'docs/frameworks.md'), 'utf8');
/** Returns the code block that follows an HTML comment in docs/frameworks.md. */
function block(comment: string): string {
  const [, text] = new RegExp(`<!-- ${comment} -->\\s+\`\`\`\\w+\\n([^]*?)^\`\`\`$`, 'm').exec(
    page,
  )!;
  return text!;
}

/**
 * Source of a service that sends messages to itself. It has types, so that compilers are tested
 * too.
 */
const SERVICE = `
import amqp from 'amqplib';
async function main() {
  const connection = await amqp.connect('amqp://guest:guest@127.0.0.1:5672');
  const channel = await connection.createChannel();
  const { queue } = await channel.assertQueue('', { exclusive: true });
  await channel.consume(queue, (message: amqp.ConsumeMessage | null) => channel.ack(message!));
  setInterval(() => channel.sendToQueue(queue, Buffer.from('x'), { type: 'order.placed' }), 200);
}
void main();
`;
/** The parts of an application of Next.js of which the page says nothing, and a taker. */
const NEXT_FILES = {
  'queue.js': `
import amqp from 'amqplib';
async function open() {
  const connection = await amqp.connect('amqp://guest:guest@127.0.0.1:5672');
  const channel = await connection.createChannel();
  await channel.assertQueue('orders', { durable: false, autoDelete: true });
  await channel.consume('orders', (message) => channel.ack(message));
  return channel;
}
let opened;
export const orders = () => (opened ??= open());
`,
  'app/layout.js': `
export default ({ children }) => <html><body>{children}</body></html>;
`,
  'app/shop/page.js': `
import { place } from './actions.js';
export default () => <form action={place}><input name="address" /></form>;
`,
};
const VERSIONS = {
  ...{ amqplib: '0.10.9', '@opentelemetry/sdk-node': '0.223.0', '@opentelemetry/api': '1.9.1' },
};
const COMPILED = SERVICE.replace('import amqp from', 'const amqp = require(')
  .replace("'amqplib';", "'amqplib');")
  .replace(': amqp.ConsumeMessage | null', '')
  .replace('message!', 'message');

const hasRabbitMq = (await findBrokers('amqp')).length > 0;
const directory = freshDirectory();
const children: ChildProcess[] = [];
const TARBALL = 'fermata-instrumentation-0.1.0.tgz';

describe.runIf(hasRabbitMq)('platforms', () => {
  let server: ServerProcess;
  const run = async (file: string, args: string[], cwd: string, env = {}): Promise<void> => {
    await promisify(execFile)(file, args, { cwd, env: { ...process.env, ...env } });
  };
  beforeAll(async () => {
    [server] = await Promise.all([
      startServer(directory.path, { FERMATA_SETTLE: '1s' }),
      run(process.execPath, [join(root, 'scripts/pack.js'), directory.path], root),
    ]);
  }, 180_000);
  afterAll(async () => {
    for (const child of children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      process.kill(-child.pid!, 'SIGKILL');
      await exited;
    }
    await server?.end('SIGTERM');
    directory.remove();
  });

  /**
   * Makes the folder of a service and installs these packages. The instructions of the page install
   * the others.
   */
  async function service(name: string, packages: Record<string, string>): Promise<string> {
    const folder = join(directory.path, name);
    for (const part of ['dist', 'src']) mkdirSync(join(folder, part), { recursive: true });
    writeFileSync(join(folder, 'dist/main.js'), COMPILED);
    writeFileSync(join(folder, 'src/main.ts'), SERVICE);
    copyFileSync(join(directory.path, TARBALL), join(folder, TARBALL));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ dependencies: packages }));
    const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    await run('npm', ['install', ...options], folder);
    return folder;
  }
  const environment = (name: string): Record<string, string> => ({
    OTEL_EXPORTER_OTLP_ENDPOINT: server.otlp,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_SERVICE_NAME: name,
    PM2_HOME: join(directory.path, name, '.pm2'),
  });
  /**
   * Starts the shell commands of a code block in the folder of a service. Returns a function that
   * returns their output so far.
   */
  function start(name: string, lines: string): () => string {
    const folder = join(directory.path, name);
    const bins = [folder, join(directory.path, 'tools')].map((at) => join(at, 'node_modules/.bin'));
    const path = [...bins, process.env['PATH']].join(':');
    const child = spawn('bash', ['-euc', lines], {
      ...{ cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, ...environment(name), PATH: path },
    });
    children.push(child);
    return outputOf(child);
  }
  const outputOf = (child: ChildProcess): (() => string) => {
    let said = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    return () => said;
  };
  /** Waits for flows of two steps: the service has sent a message and received it. */
  const expectFlows = (name: string, said: () => string): Promise<void> =>
    eventually(async () => {
      const found = await fetch(`${server.web}/api/v1/flows?service=${name}&limit=5`);
      const { items } = (await found.json()) as FlowList;
      expect(items.length, said()).toBeGreaterThan(0);
      expect(Math.max(...items.map(({ stepCount }) => stepCount))).toBe(2);
    }, 60_000);
  const ours = { '@fermata/instrumentation': `file:./${TARBALL}` };

  test('pnpm', async () => {
    await service('tools', { pnpm: '10.20.0' });
    await service('pnpm', {});
    const manifest = { dependencies: { amqplib: VERSIONS.amqplib } };
    writeFileSync(join(directory.path, 'pnpm/package.json'), JSON.stringify(manifest));
    await expectFlows('pnpm', start('pnpm', block('run pnpm')));
  }, 180_000);

  test('ts-node', async () => {
    const compilers = { 'ts-node': '10.9.2', typescript: '5.9.3', '@types/amqplib': '0.10.8' };
    const types = { '@types/node': '20.19.24' };
    await service('ts-node', { ...VERSIONS, ...compilers, ...types, ...ours });
    const options = { module: 'commonjs', esModuleInterop: true, strict: true, target: 'es2022' };
    writeFileSync(
      join(directory.path, 'ts-node/tsconfig.json'),
      JSON.stringify({ compilerOptions: options }),
    );
    await expectFlows('ts-node', start('ts-node', block('run ts-node')));
  }, 180_000);

  test.each(['fork', 'cluster'])(
    'pm2, %s',
    async (mode) => {
      const name = `pm2-${mode}`;
      const folder = await service(name, { ...VERSIONS, ...ours, pm2: '6.0.13' });
      const file = block('file ecosystem.config.js')
        .replace("OTEL_SERVICE_NAME: 'orders'", `OTEL_SERVICE_NAME: '${name}'`)
        .replace("script: 'dist/main.js',", `script: 'dist/main.js', exec_mode: '${mode}',`);
      writeFileSync(join(folder, 'ecosystem.config.js'), file);
      try {
        await expectFlows(name, start(name, block('run pm2')));
      } finally {
        await run(join(folder, 'node_modules/.bin/pm2'), ['kill'], folder, environment(name));
      }
    },
    180_000,
  );

  test('Docker: what its file copies, runs and starts, in its environment, as its user', async () => {
    await service('docker', { ...VERSIONS, ...ours });
    const image = readDockerfile(block('file Dockerfile'));
    const { services } = parse(block('file compose.yaml')) as {
      services: { orders: { build: string; environment: Record<string, string> } };
    };
    const folder = join(directory.path, 'docker');
    const container = join(directory.path, 'docker-image');
    mkdirSync(container);
    for (const { from, to } of image.copied)
      await run('bash', ['-euc', `cp -r ${from} ${join(container, to)}`], folder);
    for (const line of image.run) await run('bash', ['-euc', line], container);
    chmodSync(directory.path, 0o755);
    const { environment: given } = services.orders;
    expect(new URL(given['OTEL_EXPORTER_OTLP_ENDPOINT']!).port).toBe('4318');
    const [file, ...args] = image.command as [string, ...string[]];
    const child = spawn(file, args, {
      ...{ cwd: container, detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
      ...(process.getuid?.() === 0 && { uid: 65_534, gid: 65_534 }),
      env: {
        ...{ PATH: process.env['PATH'], HOME: '/nowhere', ...image.env, ...given },
        ...{ OTEL_SERVICE_NAME: 'docker', OTEL_EXPORTER_OTLP_ENDPOINT: server.otlp },
      },
    });
    children.push(child);
    await expectFlows('docker', outputOf(child));
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([null, 'SIGTERM']);
  }, 180_000);

  // Next.js is 400 MB, so this test exists on request only.
  if (process.env['FERMATA_REQUIRE_NEXT'] === '1')
    test('Next.js: a route handler, and a server action', async () => {
      const folder = await service('next', {
        ...{ ...VERSIONS, ...ours, next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' },
      });
      const files = {
        ...NEXT_FILES,
        ...Object.fromEntries(
          ['next.config.mjs', 'app/orders/route.js', 'app/shop/actions.js'].map((name) => [
            name,
            block(`file ${name}`),
          ]),
        ),
      };
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, name)), { recursive: true });
        writeFileSync(join(folder, name), text.replaceAll("'orders'", `'next-${process.pid}'`));
      }
      const port = await freePort();
      const page = `http://127.0.0.1:${port}`;
      const said = start('next', `export PORT=${port}\n${block('run next')}`);
      const shop = await eventually(async () => {
        const response = await fetch(`${page}/shop`).catch(() => undefined);
        expect(response?.status, said()).toBe(200);
        return response!.text();
      }, 120_000);
      await fetch(`${page}/orders`, { method: 'POST', body: JSON.stringify({ address: 'here' }) });
      const form = new FormData();
      form.set(/\$ACTION_ID_[0-9a-f]+/.exec(shop)![0], '');
      form.set('address', 'here');
      await fetch(`${page}/shop`, { method: 'POST', body: form, headers: { origin: page } });
      await eventually(async () => {
        const found = await fetch(`${server.web}/api/v1/flows?service=next&limit=20`);
        const { items } = (await found.json()) as FlowList;
        const flows = items.filter(({ stepCount }) => stepCount === 2);
        expect(flows.map(({ type }) => type).sort(), said()).toEqual([
          'next POST /orders',
          'next POST /shop',
        ]);
      }, 60_000);
    }, 300_000);
});

/** What a Dockerfile says of its image. */
function readDockerfile(text: string) {
  const lines = text.trim().split('\n');
  const after = (word: string): string[] =>
    lines.filter((line) => line.startsWith(`${word} `)).map((line) => line.slice(word.length + 1));
  expect(after('USER')).toEqual(['node']);
  return {
    copied: after('COPY').map((line) => {
      const parts = line.split(' ');
      return { from: parts.slice(0, -1).join(' '), to: parts.at(-1)! };
    }),
    run: after('RUN'),
    env: Object.fromEntries(
      after('ENV').map((line) => {
        const [, name, value] = /^(\w+)="?(.*?)"?$/.exec(line)!;
        return [name, value];
      }),
    ) as Record<string, string>,
    command: JSON.parse(after('CMD')[0]!) as string[],
  };
}

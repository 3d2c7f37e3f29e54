import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Flow, FlowList } from '@fermata/server/contract';
import { Kafka, logLevel } from 'kafkajs';
import { findBrokers } from '../support/brokers.ts';
import { freshDirectory, startServer, type ServerProcess } from '../support/server-process.ts';

/**
 * Runs `npm run languages`: services of Python, Java and Go that know OpenTelemetry and nothing of
 * Fermata, over real brokers, and a chain from Node over Python and Java back to Node. Each order
 * must be one flow, with the services in their order. It installs what it needs from the registries
 * of the languages; what a missing tool or broker would be needed for is left out, and said so.
 * With FERMATA_REQUIRE_BROKERS=1, what is left out is a failure.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = join(root, 'test/languages');
const BUILD = join(root, 'node_modules/.cache/fermata-languages');
const ORDERS = 5;
const READY_MS = 90_000;
const FLOWS_MS = 60_000;

type Tool = 'python3' | 'mvn' | 'java' | 'go';
interface Command {
  file: string;
  args: string[];
  env?: Record<string, string>;
}
interface Case {
  name: string;
  needs: Tool[];
  broker: string;
  /** Services that wait for messages. */
  services: Record<string, Command>;
  /** What places the orders, and ends. */
  order: Command;
  /** Services that an order passes, one after another. */
  path: string[];
}

const bin = (name: string): string => join(BUILD, 'venv/bin', name);
const python = (...args: string[]): Command => ({
  file: bin('opentelemetry-instrument'),
  args: [bin('python'), ...args.map((arg) => (arg.endsWith('.py') ? inPython(arg) : arg))],
});
const inPython = (file: string): string => join(SOURCES, 'python', file);
const java = (role: string, over: string): Command => ({
  file: 'java',
  args: [
    ...['-Xmx256m', '-XX:TieredStopAtLevel=1', '-jar'],
    join(SOURCES, 'java/target/languages-1.jar'),
  ],
  env: { ROLE: role, OVER: over },
});
const go = (role: string): Command => ({ file: join(BUILD, 'go-shop'), args: [role] });
const celery = (queue: string): Command => ({
  file: bin('opentelemetry-instrument'),
  args: [
    ...[bin('celery'), '-A', 'tasks', 'worker', '-c', '1', '-n', `${queue}@%h`],
    ...['-Q', `PREFIX.${queue}`, '--without-mingle', '--without-gossip', '-l', 'INFO'],
  ],
});
const node: Command = {
  file: process.execPath,
  args: [
    ...['--conditions=@fermata/source', '--import', 'tsx'],
    ...['--import', '@fermata/instrumentation/register', join(SOURCES, 'node/orders.ts')],
  ],
};

const SHOP = ['order', 'payment', 'shipping'];
const inAll = (command: (role: string) => Command) => ({
  services: { payment: command('payment'), shipping: command('shipping') },
  order: command('order'),
  path: SHOP,
});
const CASES: Case[] = [
  {
    ...{ name: 'Python, aio-pika', needs: ['python3'], broker: 'amqp' },
    ...inAll((role) => python('rabbit.py', role)),
  },
  {
    ...{ name: 'Python, Celery', needs: ['python3'], broker: 'redis', path: SHOP },
    services: { payment: celery('payment'), shipping: celery('shipping') },
    order: python('celery_order.py'),
  },
  {
    ...{ name: 'Java, spring-rabbit', needs: ['java', 'mvn'], broker: 'amqp' },
    ...inAll((role) => java(role, 'rabbit')),
  },
  {
    ...{ name: 'Java, spring-kafka', needs: ['java', 'mvn'], broker: 'kafka' },
    ...inAll((role) => java(role, 'kafka')),
  },
  { name: 'Go, franz-go', needs: ['go'], broker: 'kafka', ...inAll(go) },
  {
    ...{ name: 'Node → Python → Java → Node', needs: ['python3', 'java', 'mvn'], broker: 'kafka' },
    services: { payment: python('payment.py'), shipping: java('shipping', 'kafka') },
    order: node,
    path: [...SHOP, 'order'],
  },
];

const run = promisify(execFile);
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** What each tool is asked for its version with, and what installs the sources of its language. */
const TOOLS: Record<Tool, { ask: string[]; build?: () => Promise<unknown> }> = {
  python3: {
    ask: ['-m', 'venv', '--help'],
    async build() {
      if (!existsSync(bin('pip'))) await run('python3', ['-m', 'venv', join(BUILD, 'venv')]);
      await run(bin('pip'), ['install', '-q', '-r', inPython('requirements.txt')]);
    },
  },
  java: { ask: ['-version'] },
  mvn: {
    ask: ['-version'],
    build: () => run('mvn', ['-q', '-DskipTests', 'package'], { cwd: join(SOURCES, 'java') }),
  },
  go: {
    ask: ['version'],
    build: () =>
      run('go', ['build', '-o', join(BUILD, 'go-shop'), '.'], { cwd: join(SOURCES, 'go') }),
  },
};

/** Returns why a tool cannot be used; undefined if it can, with its sources built. */
async function prepare(tool: Tool): Promise<string | undefined> {
  const { ask, build } = TOOLS[tool];
  try {
    await run(tool, ask);
  } catch {
    return `${tool} is not installed`;
  }
  try {
    await build?.();
    return undefined;
  } catch (error) {
    return `what ${tool} builds could not be built: ${(error as Error).message.slice(0, 500)}`;
  }
}

interface Running {
  child: ChildProcess;
  output: () => string;
}

function start(service: string, command: Command, env: Record<string, string>): Running {
  const prefix = env['PREFIX']!;
  const child = spawn(
    command.file,
    command.args.map((arg) => arg.replace('PREFIX', prefix)),
    {
      cwd: command.file === process.execPath ? root : join(SOURCES, 'python'),
      env: { ...process.env, ...env, OTEL_SERVICE_NAME: service, ...command.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let text = '';
  const keep = (chunk: Buffer): void => void (text = (text + chunk.toString()).slice(-20_000));
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  return { child, output: () => text };
}

async function until(isSo: () => boolean | Promise<boolean>, ms: number): Promise<boolean> {
  for (const end = performance.now() + ms; performance.now() < end; await after(250))
    if (await isSo()) return true;
  return false;
}

/** Returns the services that the steps of a flow belong to, without repetition. */
const pathOf = ({ steps }: Flow): string[] =>
  steps.map(({ service }) => service).filter((service, i, all) => service !== all[i - 1]);

async function flowsOf(server: ServerProcess): Promise<Flow[]> {
  const answer = async <T>(path: string): Promise<T> =>
    (await (await fetch(`${server.web}/api/v1/${path}`)).json()) as T;
  const { items } = await answer<FlowList>('flows?limit=100');
  const flows = await Promise.all(
    items.map(({ id }) => answer<Partial<Flow>>(`flows/${encodeURIComponent(id)}`)),
  );
  // A flow that has become part of another one since is found no more.
  return flows.filter((flow): flow is Flow => flow.steps !== undefined);
}

/** Runs a case on a server of its own, and returns what is wrong with its flows. */
async function runCase(one: Case, kafka: string): Promise<string[]> {
  const directory = freshDirectory();
  const server = await startServer(directory.path, { FERMATA_SETTLE: '1s' });
  const letters = [...String(process.pid)].map((digit) => 'abcdefghij'[Number(digit)]).join('');
  const prefix = `shop${letters}${CASES.indexOf(one)}`;
  const env = {
    ...{ PREFIX: prefix, ORDERS: String(ORDERS), KAFKA: kafka },
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: server.otlp, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf' },
    ...{
      OTEL_METRICS_EXPORTER: 'none',
      OTEL_LOGS_EXPORTER: 'none',
      OTEL_BSP_SCHEDULE_DELAY: '500',
    },
  };
  const running: Running[] = [];
  try {
    if (one.broker === 'kafka') await createTopics(kafka, prefix);
    for (const [service, command] of Object.entries(one.services))
      running.push(start(service, command, env));
    const isReady = await until(
      () => running.every(({ output }) => /ready/.test(output())),
      READY_MS,
    );
    if (!isReady) return [`not ready: ${running.map(({ output }) => output()).join('\n')}`];
    const order = start('order', one.order, env);
    running.push(order);
    let flows: Flow[] = [];
    const isRight = (): boolean =>
      flows.length === ORDERS && flows.every((flow) => String(pathOf(flow)) === String(one.path));
    await until(async () => {
      flows = await flowsOf(server);
      return isRight();
    }, FLOWS_MS);
    if (isRight()) return [];
    const paths = flows.map((flow) => `${flow.id}: ${pathOf(flow).join(' → ')}`);
    return [`${flows.length} flows of ${ORDERS} orders`, ...paths, order.output().slice(-2000)];
  } finally {
    await Promise.all(running.map(({ child }) => end(child)));
    await server.end('SIGTERM');
    directory.remove();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([exited, after(5000)]);
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await exited;
}

async function createTopics(kafka: string, prefix: string): Promise<void> {
  const admin = new Kafka({ brokers: [kafka], logLevel: logLevel.ERROR }).admin();
  await admin.connect();
  const topics = ['orders', 'payments', 'shipped'].map((name) => ({ topic: `${prefix}.${name}` }));
  await admin.createTopics({ topics });
  await admin.disconnect();
}

mkdirSync(BUILD, { recursive: true });
const only = process.argv[2];
const wanted = CASES.filter(({ name }) => only === undefined || name.includes(only));
const missing = new Map<string, string>();
for (const tool of new Set(wanted.flatMap(({ needs }) => needs))) {
  const why = await prepare(tool);
  if (why !== undefined) missing.set(tool, why);
}
const brokers = await findBrokers(...new Set(wanted.map(({ broker }) => broker)));
let failed = 0;
for (const one of wanted) {
  const broker = brokers.find(({ name }) => name === one.broker);
  const why = one.needs.map((tool) => missing.get(tool)).find((reason) => reason !== undefined);
  if (why !== undefined || broker === undefined) {
    if (process.env['FERMATA_REQUIRE_BROKERS'] === '1') failed++;
    say(`SKIPPED  ${one.name}: ${why ?? `no ${one.broker} answers`}`);
    continue;
  }
  const wrong = await runCase(one, broker.url.replace('kafka://', ''));
  if (wrong.length > 0) failed++;
  say(`${wrong.length === 0 ? 'ok     ' : 'WRONG  '}  ${one.name}: ${one.path.join(' → ')}`);
  for (const line of wrong) say(`         ${line}`);
}
for (const broker of brokers) broker.stop();
process.exitCode = failed === 0 ? 0 : 1;

import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startBus } from './bus/tcp-server.ts';
import type { PortsTold } from './ports.ts';
import type { Order, Scenario } from './scenario.ts';

/** A running scenario. Its services are processes of their own, and orders can be placed. */
export interface RunningScenario {
  /** Places an order. Rejects if the first service rejects it, unless `mayFail` is true. */
  placeOrder(order: Order, mayFail?: boolean, at?: Scenario['entry']): Promise<void>;
  /** Sends a request to another path of the scenario's first service. */
  ask(path: string): Promise<void>;
  /** Messages that were handled so far, as the services report them. */
  handled: { service: string; handled: string; order: string; waitMs: number; atMs: number }[];
  /** Kills a service's process; `revive` starts it again. */
  kill(service: string): void;
  revive(service: string): Promise<void>;
  /** Stops a service in an orderly way and starts it again, as a deployment does. */
  redeploy(service: string): Promise<void>;
  stop(): Promise<void>;
}

export interface RunOptions {
  /** OTLP/HTTP base URL. */
  otlp: string;
  /**
   * URL of a broker (`amqp://`, `nats://`, `redis://`, `kafka://` …); empty for the scenarios' own
   * broker.
   */
  broker?: string;
  /** Services that run with OpenTelemetry only, without the Fermata package. */
  plain?: readonly string[];
  /** Whether OpenTelemetry's own instrumentation of the client is used in addition to Fermata's. */
  both?: boolean;
  /** Pause before the scenarios' own broker redelivers a message, ms. */
  backoffMs?: number;
  /** Returns the version and the instance id that a service gets when it is started. */
  resourceOf?: (service: string) => { version: string; instance: string };
}

const built = import.meta.url.includes('/dist/');
const here = (path: string): string =>
  fileURLToPath(new URL(built ? path.replace(/\.ts$/, '.js') : path, import.meta.url));
/** Node options for services. If this file is not built, the services run from source too. */
const NODE_ARGS = built ? [] : ['--conditions=@fermata/source', '--import', 'tsx'];
const testRoot = fileURLToPath(new URL(built ? '../..' : '..', import.meta.url));

function attributesOf(resource: { version: string; instance: string } | undefined): string {
  const { version = '1.0.0', instance } = resource ?? {};
  const named = instance === undefined ? '' : `,service.instance.id=${instance}`;
  return `service.version=${version},deployment.environment.name=demo${named}`;
}

export async function runScenario(
  scenario: Scenario,
  options: RunOptions,
): Promise<RunningScenario> {
  const bus = options.broker ? null : await startBus(0, options.backoffMs);
  const handled: RunningScenario['handled'] = [];
  const processes = new Map<string, ChildProcess>();
  /**
   * Id of the run. It is part of the names of topics, because a broker may keep unread messages of
   * earlier runs.
   */
  const run = Date.now().toString(36);
  /** Ports by the names that are passed to `listenAs`. */
  const ports: PortsTold['ports'] = {};

  const launch = async (name: string): Promise<void> => {
    const plain = options.plain?.includes(name) ?? false;
    const preload = plain
      ? here('./preload/otel-only.ts')
      : options.both
        ? here('./preload/both.ts')
        : '@fermata/instrumentation/register';
    const child = spawn(
      process.execPath,
      [...NODE_ARGS, '--import', preload, here('./service.ts'), scenario.name, name],
      {
        cwd: existsSync(`${testRoot}/package.json`) ? testRoot : process.cwd(),
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
        env: {
          ...process.env,
          OTEL_EXPORTER_OTLP_ENDPOINT: options.otlp,
          OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
          OTEL_SERVICE_NAME: name,
          OTEL_RESOURCE_ATTRIBUTES: attributesOf(options.resourceOf?.(name)),
          OTEL_METRICS_EXPORTER: 'none',
          // The list of traced clients is not printed, because it would disturb the demo's output.
          FERMATA_LOG: 'warn',
          OTEL_BSP_SCHEDULE_DELAY: '200',
          OTEL_PROPAGATORS: 'tracecontext,baggage',
          BUS_URL: options.broker || bus!.url,
          PORTS: JSON.stringify(ports),
          BUS_RUN: run,
          ...(plain && { FERMATA_PLAIN: '1' }),
        },
      },
    );
    processes.set(name, child);
    const lines = createInterface({ input: child.stdout! });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) =>
        reject(new Error(`${name} ended with ${code} before it was ready`)),
      );
      lines.on('line', (line) => {
        if (!line.startsWith('{')) return;
        const said = JSON.parse(line) as {
          ready?: string;
          listens?: string;
          port?: number;
          handled?: string;
          order?: string;
          waitMs?: number;
          atMs?: number;
        };
        if (said.ready !== undefined) resolve();
        else if (said.listens !== undefined) ports[said.listens] = said.port!;
        else if (said.handled !== undefined)
          handled.push({
            service: name,
            handled: said.handled,
            order: said.order!,
            waitMs: said.waitMs!,
            atMs: said.atMs!,
          });
      });
    });
    child.removeAllListeners('exit');
  };
  try {
    await Promise.all(scenario.services.map(({ name }) => launch(name)));
  } catch (error) {
    for (const child of processes.values()) child.kill('SIGKILL');
    await bus?.stop();
    throw error;
  }
  /**
   * Sends the ports of all services to every running service. Resolves when all have confirmed
   * them.
   */
  const introduce = (): Promise<unknown> =>
    Promise.all(
      [...processes.values()].map(
        (child) =>
          new Promise<void>((resolve) => {
            if (!child.connected) return resolve();
            child.once('message', () => resolve());
            child.once('exit', () => resolve());
            child.send({ ports } satisfies PortsTold, (failed) => failed && resolve());
          }),
      ),
    );
  await introduce();

  const end = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> =>
    new Promise((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  const entry = (): string => `http://127.0.0.1:${ports[scenario.entry.service]}`;
  return {
    handled,
    async placeOrder(placed, mayFail = false, at = scenario.entry) {
      const response = await fetch(`http://127.0.0.1:${ports[at.service]}${at.path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(placed),
      });
      if (!response.ok && !mayFail) throw new Error(`order refused: ${response.status}`);
    },
    async ask(path) {
      await fetch(`${entry()}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
    },
    kill: (name) => void processes.get(name)?.kill('SIGKILL'),
    async revive(name) {
      await launch(name);
      await introduce();
    },
    async redeploy(name) {
      const child = processes.get(name);
      if (child) await end(child, 'SIGTERM');
      await launch(name);
      await introduce();
    },
    async stop() {
      await Promise.all([...processes.values()].map((child) => end(child, 'SIGTERM')));
      await bus?.stop();
    },
  };
}

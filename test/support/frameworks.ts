import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * This file starts the applications in `test/frameworks`, which is a package of its own because of
 * its many frameworks. The package is installed if it is missing or its lock file has changed.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
export const FRAMEWORKS = join(root, 'test/frameworks');

export async function installFrameworks(): Promise<void> {
  const modules = join(FRAMEWORKS, 'node_modules');
  const lock = readFileSync(join(FRAMEWORKS, 'package-lock.json'), 'utf8');
  const stamp = join(modules, '.fermata-lock.json');
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== lock) {
    const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: FRAMEWORKS,
      stdio: ['ignore', 'ignore', 'inherit'],
      shell: process.platform === 'win32',
    });
    const [code] = (await once(npm, 'exit')) as [number | null];
    if (code !== 0) throw new Error(`npm ci in test/frameworks ended with ${code}`);
    writeFileSync(stamp, lock);
  }
  const link = join(modules, '@fermata/instrumentation');
  if (existsSync(link)) return;
  mkdirSync(join(modules, '@fermata'), { recursive: true });
  symlinkSync(join(root, 'instrumentation'), link, 'junction');
}

/** A running application, in a process of its own. It gets orders as process messages. */
export interface Application {
  child: ChildProcess;
  send(order: object): void;
  output(): string;
  end(): Promise<void>;
}

/**
 * Starts an application as an operator would, and resolves when it is ready. If `isTraced` is
 * false, it is started without `register`.
 */
export async function startApplication(
  service: string,
  file: string,
  env: Record<string, string>,
  isTraced = true,
): Promise<Application> {
  const register = isTraced ? ['--import', '@fermata/instrumentation/register'] : [];
  const child = spawn(
    process.execPath,
    ['--conditions=@fermata/source', '--import', 'tsx', ...register, file],
    {
      cwd: FRAMEWORKS,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      env: {
        ...process.env,
        OTEL_SERVICE_NAME: service,
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
        OTEL_NODE_RESOURCE_DETECTORS: 'env',
        ...env,
      },
    },
  );
  let text = '';
  const keep = (chunk: Buffer): void => void (text = (text + chunk.toString()).slice(-20_000));
  child.stdout!.on('data', keep);
  child.stderr!.on('data', keep);
  await new Promise<void>((resolve, reject) => {
    child.once('message', () => resolve());
    child.once('exit', (code) => reject(new Error(`${service} ended with ${code}: ${text}`)));
  });
  return {
    child,
    send: (order) => void child.send(order),
    output: () => text,
    async end() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Returns a port that is free at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

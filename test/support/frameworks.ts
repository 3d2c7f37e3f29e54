import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Starts the applications of `test/frameworks`, a package of its own with frameworks that the
 * rest of the repository does not need. It is installed when it is missing, or when its lock file
 * is newer. Below it lies NestJS 12, for which the applications of NestJS are copied.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
export const FRAMEWORKS = join(root, 'test/frameworks');
const NEST_12 = join(FRAMEWORKS, 'nest12');

export async function installFrameworks(): Promise<void> {
  await install(FRAMEWORKS);
  await install(NEST_12);
  cpSync(join(FRAMEWORKS, 'nest'), join(NEST_12, 'app'), { recursive: true });
  const link = join(FRAMEWORKS, 'node_modules/@fermata/instrumentation');
  const ours = join(root, 'instrumentation');
  // A copy of another checkout's `node_modules` links to that checkout.
  if (existsSync(link) && realpathSync(link) === realpathSync(ours)) return;
  mkdirSync(dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(ours, link, 'junction');
}

async function install(folder: string): Promise<void> {
  const lock = readFileSync(join(folder, 'package-lock.json'), 'utf8');
  const stamp = join(folder, 'node_modules/.fermata-lock.json');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  const npm = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    shell: process.platform === 'win32',
  });
  const [code] = (await once(npm, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`npm ci in ${folder} ended with ${code}`);
  writeFileSync(stamp, lock);
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

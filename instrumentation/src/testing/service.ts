import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
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
import { afterEach, vi } from 'vitest';

/** Root folder of the repository, from which started services can resolve the package. */
export const root = fileURLToPath(new URL('../../..', import.meta.url));
export const PACKAGE = '@fermata/instrumentation';

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

/**
 * Writes a module into a folder from which the repository's packages can be resolved. A file is
 * needed, because with `node --eval`, tsx cannot import names from CommonJS modules.
 */
export function moduleFile(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-service-'));
  folders.push(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'service.mjs');
  writeFileSync(file, source);
  return file;
}

/** Starts a service as an operator would, with `--import @fermata/instrumentation/register`. */
export function service(
  source: string,
  endpoint: string,
  errors: 'inherit' | 'ignore' = 'inherit',
) {
  const child = spawn(
    process.execPath,
    [
      '--conditions=@fermata/source',
      ...['--import', 'tsx', '--import', `${PACKAGE}/register`],
      moduleFile(source),
    ],
    {
      cwd: root,
      stdio: ['pipe', 'pipe', errors],
      // With so long a delay, the process ends before a regular export, so only records that are
      // flushed arrive.
      env: {
        ...process.env,
        OTEL_BSP_SCHEDULE_DELAY: '600000',
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        // Resource detection is off, because it would export the command line, which contains the
        // names that tests search for.
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

/**
 * Starts a receiver that accepts every export and keeps the request bodies, in which tests search
 * for names.
 */
export async function receiver(): Promise<{ endpoint: string; received: () => string }> {
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
export const eventually = (check: () => void): Promise<void> =>
  vi.waitFor(check, { timeout: 20_000 });

/** Starts a receiver that accepts connections and never answers. */
export const silentReceiver = async (): Promise<string> => {
  const server = createTcpServer(
    (socket) => void sockets.push(socket.resume().on('error', () => undefined)),
  );
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

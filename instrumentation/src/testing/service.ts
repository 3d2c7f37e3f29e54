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

/** The root of the repository: services find the package from there. */
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
 * Writes a module that finds the packages of the repository. It is a file, because what is given to
 * `--eval` gets no named imports of CommonJS modules from tsx.
 */
export function moduleFile(source: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-service-'));
  folders.push(folder);
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  const file = join(folder, 'service.mjs');
  writeFileSync(file, source);
  return file;
}

/** Starts a service as its operator would. */
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
      // The process ends early, so only what is flushed arrives.
      env: {
        ...process.env,
        OTEL_BSP_SCHEDULE_DELAY: '600000',
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        // The command line is an attribute of the resource and contains all span names.
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

/** Starts a receiver that accepts every export and keeps its body, in which names are legible. */
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

/** Starts a receiver that accepts requests and never answers. */
export const silentReceiver = async (): Promise<string> => {
  const server = createTcpServer(
    (socket) => void sockets.push(socket.resume().on('error', () => undefined)),
  );
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

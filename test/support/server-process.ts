import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A Fermata server that runs from source in a process of its own, on free ports. */
export interface ServerProcess {
  web: string;
  otlp: string;
  grpc: string;
  child: ChildProcess;
  stderr(): string;
  /** Ends the process with a signal. Resolves with the exit code; null if the signal ended it. */
  end(signal: NodeJS.Signals): Promise<number | null>;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

export const freshDirectory = (): { path: string; remove(): void } => {
  const path = mkdtempSync(join(tmpdir(), 'fermata-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

export async function startServer(
  dataDir: string,
  env: Record<string, string> = {},
): Promise<ServerProcess> {
  const child = spawn(
    process.execPath,
    ['--conditions=@fermata/source', '--import', 'tsx', join(root, 'server/src/main.ts')],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env,
        UV_THREADPOOL_SIZE: '16',
        FERMATA_DATA_DIR: dataDir,
        FERMATA_PORT: '0',
        FERMATA_OTLP_HTTP_PORT: '0',
        FERMATA_OTLP_GRPC_PORT: '0',
        FERMATA_LOG_LEVEL: 'warn',
        ...env,
      },
    },
  );
  let errors = '';
  child.stderr!.on(
    'data',
    (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-20_000)),
  );
  const ports = await new Promise<{ web: number; otlpHttp: number; otlpGrpc: number }>(
    (resolve, reject) => {
      child.once('message', (message) =>
        resolve((message as { ports: { web: number; otlpHttp: number; otlpGrpc: number } }).ports),
      );
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${errors}`)));
    },
  );
  return {
    child,
    web: `http://127.0.0.1:${ports.web}`,
    otlp: `http://127.0.0.1:${ports.otlpHttp}`,
    grpc: `127.0.0.1:${ports.otlpGrpc}`,
    stderr: () => errors,
    end: (signal) =>
      new Promise((resolve) => {
        if (child.exitCode !== null || child.signalCode !== null) return resolve(child.exitCode);
        child.once('exit', (code) => resolve(code));
        child.kill(signal);
      }),
  };
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * Starts the built server and, if asked for, the demo's services. Ends with the server, and passes
 * signals on to both.
 */
export function launch(root, { demo, args }) {
  // The engine needs more of libuv's threads than the default four, and their number can only be
  // set before Node starts.
  const env = { ...process.env, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16' };
  // With a limit this low V8 lets garbage double the heap; with its default, of 4 GB, quadruple it.
  // A limit in NODE_OPTIONS takes precedence.
  const serverEnv = {
    // Orders of the demo are worth their amount, which incidents sum up; all that its services log
    // is kept.
    ...(demo && { FERMATA_VALUE_KEY: 'amount', FERMATA_DEMO: '1', FERMATA_LOGS: 'all' }),
    ...env,
    NODE_OPTIONS: `--max-old-space-size=2000 ${process.env.NODE_OPTIONS ?? ''}`.trim(),
  };
  // The young generation has 64 MiB, because spans die young, and the default of 16 makes them
  // survive into slow collections.
  const server = spawn(
    process.execPath,
    ['--max-semi-space-size=64', join(root, 'server/dist/main.js'), ...args],
    {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: serverEnv,
    },
  );
  let services;
  server.on('message', (message) => {
    if (!demo || !message.ready) return;
    services = spawn(process.execPath, [join(root, 'test/dist/scenarios/demo.js')], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        ...env,
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${message.ports.otlpHttp}`,
        FERMATA_URL: `http://127.0.0.1:${message.ports.web}`,
      },
    });
  });
  let stopping = false;
  async function stop(signal) {
    if (stopping) return;
    stopping = true;
    if (services && services.exitCode === null) {
      const ended = new Promise((resolve) => services.once('exit', resolve));
      services.kill(signal);
      await ended;
    }
    if (server.exitCode === null) server.kill(signal);
  }
  process.on('SIGINT', () => void stop('SIGTERM'));
  process.on('SIGTERM', () => void stop('SIGTERM'));
  server.on('exit', (code) => {
    services?.kill('SIGTERM');
    process.exit(code ?? 1);
  });
}

import { spawn } from 'node:child_process';
import { join } from 'node:path';

/**
 * Starts the built server and, with `demo`, the demo's services. This process exits when the server
 * exits, and on SIGINT or SIGTERM it stops both.
 */
export function launch(root, { demo, args }) {
  // The server's embedded database needs more threads of libuv's pool than the default of four.
  // Node reads the size only when it starts.
  const env = { ...process.env, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16' };
  // NODE_OPTIONS limits V8's heap to 2,000 MB. With a limit this low V8 collects garbage before the
  // heap has more than doubled; with its default limit of 4 GB the heap quadruples. A limit that
  // the user sets in NODE_OPTIONS takes precedence.
  const serverEnv = {
    // In the demo an order's value is its `amount`, which incidents sum up, and all log records of
    // the services are kept.
    ...(demo && { FERMATA_VALUE_KEY: 'amount', FERMATA_DEMO: '1', FERMATA_LOGS: 'all' }),
    ...env,
    NODE_OPTIONS: `--max-old-space-size=2000 ${process.env.NODE_OPTIONS ?? ''}`.trim(),
  };
  // Semi-spaces of 64 MiB let most spans die in V8's young generation. With the default of 16 MiB
  // they survive into the old generation, whose collections are slow.
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

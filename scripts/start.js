#!/usr/bin/env node
// Runs npm start [-- --demo]: builds what is missing or older than its sources, starts the server,
// and the demo if asked for.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);
const demo = process.argv.includes('--demo');
const rest = process.argv.slice(2).filter((arg) => arg !== '--demo');

/** Returns the time of the newest change below a folder. */
function newest(folder) {
  if (!existsSync(folder)) return 0;
  let time = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.endsWith('.test.ts'))
      continue;
    const path = join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(path) : statSync(path).mtimeMs);
  }
  return time;
}
const age = (file) => (existsSync(join(root, file)) ? statSync(join(root, file)).mtimeMs : 0);
const changed = (sources, output) =>
  Math.max(...sources.map((source) => newest(join(root, source)))) > age(output);

function run(what, args, cwd = root) {
  process.stdout.write(`fermata: building ${what} …\n`);
  const { status } = spawnSync(process.execPath, args, {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
}
/**
 * Building is skipped when the sources did not change; tsc's own record says when it last checked.
 */
if (
  changed(['instrumentation/src', 'server/src', 'test/scenarios'], 'test/dist/.tsbuildinfo') ||
  !existsSync(join(root, 'server/dist/main.js'))
)
  run('the server', [require.resolve('typescript/bin/tsc'), '-b']);
if (
  existsSync(join(root, 'web/index.html')) &&
  changed(['web/src', 'server/src/contract'], 'web/dist/index.html')
)
  run(
    'the dashboard',
    [join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
    join(root, 'web'),
  );

// The engine needs more of libuv's threads than the default four, and their number can only be set
// before Node starts.
const env = { ...process.env, UV_THREADPOOL_SIZE: process.env.UV_THREADPOOL_SIZE ?? '16' };
// With a limit this low V8 lets garbage double the heap; with its default, of 4 GB, quadruple it. A
// limit in NODE_OPTIONS takes precedence.
const serverEnv = {
  // Orders of the demo are worth their amount, which incidents sum up; all that its services log is
  // kept.
  ...(demo && { FERMATA_VALUE_KEY: 'amount', FERMATA_DEMO: '1', FERMATA_LOGS: 'all' }),
  ...env,
  NODE_OPTIONS: `--max-old-space-size=2000 ${process.env.NODE_OPTIONS ?? ''}`.trim(),
};
// The young generation has 64 MiB, because spans die young, and the default of 16 makes them
// survive into slow collections.
const server = spawn(
  process.execPath,
  ['--max-semi-space-size=64', join(root, 'server/dist/main.js'), ...rest],
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

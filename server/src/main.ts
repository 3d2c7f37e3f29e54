import pino from 'pino';
import { addressesOf, senderEnvironment, VERSION } from './about.ts';
import { createApp } from './app.ts';
import { FermataError, messageOf } from './base/errors.ts';
import { printConfig, readConfig, type Config } from './config/index.ts';

/** Exit codes of the process. Only this file reads the environment, handles signals and exits. */
const EXIT = { ok: 0, failed: 1, config: 2 };
/**
 * Maximum duration of a stop, ms. If it takes longer, something hangs, and the process exits. No
 * data is lost, because all acknowledged spans are committed.
 */
const STOP_LIMIT_MS = 20_000;

function fail(error: unknown, code: number): never {
  const hint = error instanceof FermataError && error.hint ? `\n  → ${error.hint}` : '';
  const name = error instanceof FermataError ? `${error.code}: ` : '';
  process.stderr.write(`fermata: ${name}${messageOf(error)}${hint}\n`);
  process.exit(code);
}

let config: Config;
let warnings: string[];
try {
  ({ config, warnings } = readConfig(process.env));
} catch (error) {
  fail(error, EXIT.config);
}
for (const warning of warnings) process.stderr.write(`fermata: ${warning}\n`);
if (process.argv.includes('--print-config')) {
  process.stdout.write(`${printConfig(config)}\n`);
  process.exit(EXIT.ok);
}

const log = pino(
  { level: config.logLevel, name: 'fermata' },
  pino.destination({ fd: 2, sync: true }),
);
const app = createApp(config, { log, rebuildAll: process.argv.includes('--rebuild') });

let stopping = false;
function stop(reason: string, code: number): void {
  if (stopping) return;
  stopping = true;
  log.info({ reason }, 'stopping');
  // eslint-disable-next-line no-restricted-globals -- the last resort must not depend on anything injected
  setTimeout(() => process.exit(EXIT.failed), STOP_LIMIT_MS).unref();
  app.stop().then(
    () => process.exit(code),
    (error: unknown) => fail(error, EXIT.failed),
  );
}
process.on('SIGINT', () => stop('SIGINT', EXIT.ok));
process.on('SIGTERM', () => stop('SIGTERM', EXIT.ok));
process.on('uncaughtException', (error) => {
  log.error({ err: error }, 'uncaught exception');
  stop('uncaught exception', EXIT.failed);
});
process.on('unhandledRejection', (error) => {
  log.error({ err: error }, 'unhandled rejection');
  stop('unhandled rejection', EXIT.failed);
});

try {
  await app.start();
} catch (error) {
  fail(error, EXIT.failed);
}
const { host } = addressesOf(config);
const environment = senderEnvironment({ host, ...app.ports }).map((line) => `  export ${line}`);
process.stdout.write(`
Fermata ${VERSION}
  dashboard   http://${host}:${app.ports.web}
  OTLP/HTTP   http://${host}:${app.ports.otlpHttp}
  OTLP/gRPC   http://${host}:${app.ports.otlpGrpc}
  data        ${config.clickhouseUrl === '' ? config.dataDir : 'ClickHouse'}, kept ${config.retentionDays} days
${config.host === host ? '' : '  anonymous access from other machines is allowed (FERMATA_ALLOW_ANONYMOUS=1)\n'}
Send from a Node service:
${environment.join('\n')}
  export OTEL_SERVICE_NAME=my-service
  node --import @fermata/instrumentation/register app.js     # CommonJS, ts-node: --require

`);
// Send the ports to the parent process (the launcher or a test).
process.send?.({ ready: true, ports: app.ports });

